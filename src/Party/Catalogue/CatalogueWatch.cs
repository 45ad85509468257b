using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Catalogue;

/// <summary>
/// Looks at each dataset's source from time to time, reads it where it may have changed, and tells the catalogue. Between two looks the state that was
/// seen last counts: questions asked again are answered as before.
/// </summary>
internal sealed class CatalogueWatch(
    IReadOnlyDictionary<string, Dataset> datasets,
    DataCatalogue catalogue,
    OutpostOptions options,
    TimeProvider clock,
    ILogger<CatalogueWatch> logger) : BackgroundService
{
    private readonly Dictionary<string, DataReading> _readings = new(StringComparer.Ordinal);

    /// <summary>What was read last of each dataset.</summary>
    public IReadOnlyDictionary<string, DataReading> Readings => _readings;

    /// <summary>Takes up what was read before the start.</summary>
    public void Begin(IReadOnlyDictionary<string, DataReading> readings)
    {
        foreach (var (name, reading) in readings) Observe(name, reading);
    }

    /// <summary>One look at all datasets. A source that cannot be read now keeps the state that was seen last, and the operator is told.</summary>
    public void Look(CancellationToken stop)
    {
        foreach (var (name, dataset) in datasets)
        {
            try
            {
                if (_readings.TryGetValue(name, out var last) && !last.IsStale(dataset.Source, clock.GetUtcNow())) continue;
                Observe(name, DataReading.Take(dataset, clock, stop));
            }
            catch (DataSourceException e)
            {
                Log.CatalogueFailed(logger, name, e.Message);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.CatalogueEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken)) Look(stoppingToken);
    }

    private void Observe(string name, DataReading reading)
    {
        var before = catalogue.Current(name)?.Number;
        var version = catalogue.Observe(name, reading.Content);
        _readings[name] = reading;
        if (version.Number != before) Log.NewVersion(logger, name, version.Number);
    }
}
