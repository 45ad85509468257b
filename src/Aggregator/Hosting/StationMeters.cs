using System.Diagnostics;
using System.Diagnostics.Metrics;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>The station's figures and the spans of its rounds, for a collector that listens to the meter and source of this name; docs/operations.md lists them.</summary>
internal sealed class StationMeters : IDisposable
{
    public const string Name = "SecureAggregation.Aggregator";

    private readonly Meter _meter = new(Name);
    private readonly ActivitySource _spans = new(Name);
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _duration;

    public StationMeters(StationLog log, PartyDirectory parties, RoundBook rounds)
    {
        _meter.CreateObservableGauge("secagg.station.log.size", () => log.Head.Size, "{entry}", "Entries in the log");
        _meter.CreateObservableGauge("secagg.station.log.writable", () => log.Failure is null ? 1 : 0, null, "1 while the transcript can be written");
        _meter.CreateObservableGauge("secagg.station.outposts.online", () => parties.Views().Count(v => v.Online), "{outpost}", "Outposts with an open stream");
        _meter.CreateObservableGauge("secagg.station.rounds.running", () => rounds.RunningCount, "{round}", "Rounds that run");
        _meter.CreateObservableCounter("secagg.station.rounds", () => rounds.Count, "{round}", "Rounds in the log");
        _ended = _meter.CreateCounter<long>("secagg.station.rounds.ended", "{round}", "Rounds that ended since the start");
        _duration = _meter.CreateHistogram<double>("secagg.station.round.duration", "s", "From proposal to end");
        rounds.OnEnded = Ended;
    }

    public void Dispose()
    {
        _meter.Dispose();
        _spans.Dispose();
    }

    private void Ended(RoundView view)
    {
        var state = new KeyValuePair<string, object?>("state", view.State == RoundState.Done ? "done" : "aborted");
        _ended.Add(1, state);
        _duration.Record((view.FinishedMs - view.StartedMs) / 1000.0, state);
        Trace(view);
    }

    /// <summary>A span for the round and one below it for each phase, made when all is known; a phase ends when the last answer of it is there.</summary>
    private void Trace(RoundView view)
    {
        using var round = Span("round", default, view.StartedMs, view.FinishedMs);
        if (round is null) return;
        round.SetTag("secagg.round", PublicBytes.Hex(view.RoundId.Span)).SetTag("secagg.dataset", view.Dataset).SetTag("secagg.outposts", view.Parties.Count);
        if (view.State != RoundState.Done) round.SetStatus(ActivityStatusCode.Error, view.Failure);
        var begun = view.StartedMs;
        foreach (var phase in view.Parties.SelectMany(p => p.Marks).GroupBy(m => m.Phase).OrderBy(g => g.Key))
        {
            var ended = Math.Max(begun, phase.Max(m => m.AtMs));
            Span($"phase {phase.Key.ToString().ToLowerInvariant()}", round.Context, begun, ended)?.Dispose();
            begun = ended;
        }
    }

    private Activity? Span(string name, ActivityContext parent, ulong begunMs, ulong endedMs)
    {
        var span = _spans.StartActivity(name, ActivityKind.Internal, parent, startTime: DateTimeOffset.FromUnixTimeMilliseconds((long)begunMs));
        span?.SetEndTime(DateTimeOffset.FromUnixTimeMilliseconds((long)endedMs).UtcDateTime);
        return span;
    }
}
