using System.Diagnostics.Metrics;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;

namespace SecureAggregation.Party;

/// <summary>The outpost's figures, for a collector that listens to the meter of this name; docs/operations.md lists them. None depends on rows.</summary>
internal sealed class OutpostMeters : IDisposable
{
    public const string Name = "SecureAggregation.Party";

    private const double Micro = 1_000_000;

    private readonly Meter _meter = new(Name);

    public OutpostMeters(StatusFile status, Ledger ledger, Policy policy)
    {
        _meter.CreateObservableGauge("secagg.outpost.connected", () => status.Current.State == LinkState.Connected ? 1 : 0, null, "1 while the station answers");
        _meter.CreateObservableGauge("secagg.outpost.rounds", () => status.Current.Rounds.Count, "{round}", "Rounds that are open or have just ended");
        _meter.CreateObservableCounter("secagg.outpost.ledger.entries", () => ledger.Head().Count, "{entry}", "Debits in the ledger");
        _meter.CreateObservableGauge("secagg.outpost.budget.spent", () => policy.Datasets.Keys.Select(d => Of(d, ledger.SpentMicro(d))), null, "ε spent of a dataset");
        _meter.CreateObservableGauge(
            "secagg.outpost.budget.left", () => policy.Datasets.Select(d => Of(d.Key, ledger.IsBehind ? 0 : Ledger.Rest(d.Value.TotalMicro, ledger.SpentMicro(d.Key)))), null, "ε left of a dataset");
    }

    public void Dispose() => _meter.Dispose();

    private static Measurement<double> Of(string dataset, long micro) => new(micro / Micro, new KeyValuePair<string, object?>("dataset", dataset));
}
