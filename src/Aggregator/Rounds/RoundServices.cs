using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Store;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>What every round's driver works with.</summary>
internal sealed record RoundServices(
    StationLog Log,
    ITranscriptStore Store,
    IBlobStore Blobs,
    PartyDirectory Parties,
    Witnesses Witnesses,
    EventHub Events,
    AlertBoard Alerts,
    StationOptions Options,
    TimeProvider Clock,
    ILogger Logger);
