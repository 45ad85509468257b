using System.Diagnostics.Metrics;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Rounds;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>The station's figures, for a collector that listens to the meter "SecureAggregation.Aggregator".</summary>
internal sealed class StationMeters : IDisposable
{
    public const string Name = "SecureAggregation.Aggregator";

    private readonly Meter _meter = new(Name);

    public StationMeters(StationLog log, PartyDirectory parties, RoundBook rounds)
    {
        _meter.CreateObservableGauge("secagg.station.log.size", () => log.Head.Size, "{entry}", "Entries in the log");
        _meter.CreateObservableGauge("secagg.station.log.writable", () => log.Failure is null ? 1 : 0, null, "1 while the transcript can be written");
        _meter.CreateObservableGauge("secagg.station.outposts.online", () => parties.Views().Count(v => v.Online), "{outpost}", "Outposts with an open stream");
        _meter.CreateObservableGauge("secagg.station.rounds.running", () => rounds.RunningCount, "{round}", "Rounds that run");
        _meter.CreateObservableCounter("secagg.station.rounds", () => rounds.Count, "{round}", "Rounds in the log");
    }

    public void Dispose() => _meter.Dispose();
}
