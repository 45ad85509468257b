using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Plots;

/// <summary>How long the outposts of a round took in one phase, fastest first.</summary>
public sealed record LatencyRow(RoundPhase Phase, IReadOnlyList<(string Outpost, double Ms)> Times)
{
    public double Median => Quantile(0.5);

    public double Q1 => Quantile(0.25);

    public double Q3 => Quantile(0.75);

    /// <summary>Linear between neighbours.</summary>
    public double Quantile(double level)
    {
        var at = level * (Times.Count - 1);
        var below = (int)Math.Floor(at);
        var above = Math.Min(below + 1, Times.Count - 1);
        return Times[below].Ms + ((at - below) * (Times[above].Ms - Times[below].Ms));
    }
}

/// <summary>The phases of one round with the time of each outpost.</summary>
public sealed record Latencies(IReadOnlyList<LatencyRow> Rows, string Finding)
{
    /// <summary>Null before anybody has finished a phase.</summary>
    public static Latencies? Of(RoundView round, DateTimeOffset now)
    {
        var model = TimelineModel.Of(round, now);
        var rows = model.Columns.Select((column, c) => new LatencyRow(
                column.Phase, [.. model.Rows.Where(r => r.Cells[c].State == CellState.Finished).Select(r => (r.Name, Ms: r.Cells[c].Took.TotalMilliseconds)).OrderBy(t => t.Ms)]))
            .Where(r => r.Times.Count > 0)
            .ToArray();
        if (rows.Length == 0) return null;
        var slowest = rows.MaxBy(r => r.Median)!;
        var tail = rows.Select(r => (Row: r, Last: r.Times[^1])).MaxBy(r => r.Last.Ms);
        return new Latencies(
            rows, $"Slowest phase: {Phases.Word(slowest.Phase)}, {Time(slowest.Median)} in the middle. Longest wait: {tail.Last.Outpost} in {Phases.Word(tail.Row.Phase)}, {Time(tail.Last.Ms)}.");
    }

    public static string Time(double ms) => Text.Duration(TimeSpan.FromMilliseconds(ms));
}
