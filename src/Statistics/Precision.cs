using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics;

/// <summary>How wide the noise will make the intervals of one measure's numbers, before anything is spent.</summary>
/// <param name="Measure">The measure, as results name it.</param>
/// <param name="Quantity">What of it; empty for the value itself.</param>
/// <param name="Unit">The unit of the half widths.</param>
/// <param name="Numbers">How many numbers of this kind there will be: one a group, bin or term.</param>
/// <param name="Local">Half width, in the middle of these numbers, if each outpost adds all noise; null if most are not determined then.</param>
/// <param name="Distributed">The same if the outposts share the noise; null also where the roster is not known.</param>
/// <param name="Central">For comparison: if somebody who saw all rows added the noise once, which nobody here does.</param>
public sealed record ExpectedWidth(string Measure, string Quantity, string Unit, int Numbers, double? Local, double? Distributed, double? Central);

/// <summary>
/// Interval widths of a query, found by releasing made-up rows: the layout, encoder and intervals are those of a real round, so every statistic has
/// its width here. Counts, sums and bins do not depend on the rows; of other statistics the width is that for rows such as the schema allows.
/// </summary>
public static class Precision
{
    /// <summary>Widths at 95 %.</summary>
    /// <param name="query">The query; of a regression over several rounds the first.</param>
    /// <param name="schema">The dataset's public schema.</param>
    /// <param name="parties">How many outposts are asked.</param>
    /// <param name="honestParties">h, how many honest ones every total holds at least; 0 if the roster is not known.</param>
    /// <param name="rowsPerParty">Rows that each outpost may have, 1 to 1,000,000.</param>
    /// <exception cref="AnalysisException">The query does not fit the schema, or cannot be laid out.</exception>
    public static IReadOnlyList<ExpectedWidth> Of(AnalysisQuery query, DatasetSchema schema, int parties, int honestParties = 0, long rowsPerParty = 1000)
    {
        ArgumentNullException.ThrowIfNull(query);
        var asked = First(query);
        var analysis = asked.Resolve(schema);
        var totals = Totals(analysis, asked.Epsilon, schema, parties, rowsPerParty);
        var local = Widths(VectorLayout.Create(analysis, asked.Epsilon, NoiseMode.Local, parties), totals, parties);
        var distributed = honestParties is > 0 && honestParties <= parties
            ? Widths(VectorLayout.Create(analysis, asked.Epsilon, NoiseMode.Distributed, parties, honestParties), totals, parties)
            : null;
        var central = Widths(VectorLayout.Create(analysis, asked.Epsilon, NoiseMode.Local, parties), totals, 1);
        return [.. local.Select(w => new ExpectedWidth(
            w.Key.Measure, w.Key.Quantity, w.Key.Unit, w.Value.Numbers, w.Value.HalfWidth, distributed?.GetValueOrDefault(w.Key).HalfWidth, central.GetValueOrDefault(w.Key).HalfWidth))];
    }

    /// <summary>The ε with which the half width of a measure's value comes out at a wanted width: the other way round of <see cref="Of(AnalysisQuery, DatasetSchema, int, int, long)"/>.</summary>
    /// <param name="query">The query; its own ε does not matter.</param>
    /// <param name="schema">The dataset's public schema.</param>
    /// <param name="measure">Which measure, as results name it.</param>
    /// <param name="halfWidth">The wanted half width, greater than 0.</param>
    /// <param name="parties">How many outposts are asked.</param>
    /// <param name="honestParties">h; needed if the query's noise is distributed.</param>
    /// <param name="rowsPerParty">Rows that each outpost may have.</param>
    /// <returns>For the whole query, over all its rounds.</returns>
    /// <exception cref="AnalysisException">The query has no such measure, or not even the greatest ε gets there.</exception>
    public static MicroEpsilon EpsilonFor(
        AnalysisQuery query, DatasetSchema schema, string measure, double halfWidth, int parties, int honestParties = 0, long rowsPerParty = 1000)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (!(halfWidth > 0)) throw new AnalysisException($"The wanted half width is {halfWidth}; it must be greater than 0.");
        var analysis = First(query).Resolve(schema);
        // Cells are the same at every ε: the rows are made and added up once.
        var totals = Totals(analysis, MicroEpsilon.MaxValue, schema, parties, rowsPerParty);
        var noise = query.Noise == NoiseMode.Distributed ? NoiseMode.Distributed : NoiseMode.Local;
        double? Width(long micro)
        {
            var epsilon = First(query with { Epsilon = new MicroEpsilon(micro) }).Epsilon;
            var widths = Widths(VectorLayout.Create(analysis, epsilon, noise, parties, honestParties), totals, parties);
            return widths.FirstOrDefault(w => w.Key.Measure == measure && w.Key.Quantity.Length == 0) is { Key.Measure: not null } found
                ? found.Value.HalfWidth
                : throw new AnalysisException($"The query has no measure '{measure}'; it has {string.Join(", ", widths.Keys.Select(w => w.Measure).Distinct())}.");
        }

        var (low, high) = (1L, MicroEpsilon.MaxMicro);
        if (!(Width(high) <= halfWidth)) throw new AnalysisException($"{measure} does not come as near as ± {halfWidth} with any epsilon up to 100; ask for less, or with narrower bounds.");
        // To one in a thousand, on a logarithmic scale: widths go with 1/ε.
        while (high > low + 1 && high > low * 1.001)
        {
            var middle = Math.Clamp((long)Math.Sqrt((double)low * high), low + 1, high - 1);
            if (Width(middle) <= halfWidth) high = middle;
            else low = middle;
        }

        return new MicroEpsilon(high);
    }

    /// <summary>What is asked first: of a regression over several rounds its first.</summary>
    private static AnalysisQuery First(AnalysisQuery query) => ModelFit.IsAsked(query) ? new ModelFit(query).Next! : query;

    private static Dictionary<(string Measure, string Quantity, string Unit), (int Numbers, double? HalfWidth)> Widths(VectorLayout layout, Int128[] totals, int contributors) =>
        Release.Decode(layout, totals, contributors, new ReleaseOptions(MinimumCohort: 0, Repairs: Repairs.All & ~Repairs.Zero))
            .GroupBy(s => (s.Measure, s.Quantity, s.Unit))
            .ToDictionary(g => g.Key, g => (g.Count(), Middle([.. g.Select(s => (s.High - s.Low) / 2)])));

    /// <summary>The middle of the widths; those that are not determined are wider than all.</summary>
    private static double? Middle(double?[] widths) => widths.OrderBy(w => w ?? double.PositiveInfinity).ElementAt((widths.Length - 1) / 2);

    /// <summary>Made-up rows of all parties, without noise. The cells are the same in every noise mode.</summary>
    private static Int128[] Totals(Analysis analysis, MicroEpsilon epsilon, DatasetSchema schema, int parties, long rows)
    {
        if (rows is < 1 or > 1_000_000) throw new AnalysisException($"{rows} rows an outpost are not planned with; it must be 1 to 1,000,000.");
        var layout = VectorLayout.Create(analysis, epsilon, NoiseMode.Local, parties);
        var file = SchemaFile.Of(schema);
        var totals = new Int128[layout.Length];
        // Many parties with the same rows are as good as many with others.
        var different = Math.Min(parties, 5);
        for (var party = 0; party < different; party++)
        {
            // No secret is at stake: nobody's rows are chosen.
            using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
            foreach (var record in new DummyRows(file, rows, (ulong)party).Records(analysis)) encoder.Add(record);
            var times = (parties / different) + (party < parties % different ? 1 : 0);
            var cells = encoder.Totals();
            for (var i = 0; i < totals.Length; i++) totals[i] += cells[i] * times;
        }

        return totals;
    }
}
