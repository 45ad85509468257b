using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>How often intervals hold the value without noise.</summary>
internal static class Coverage
{
    /// <summary>One statistic over many noisy releases.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Share">Of the releases that showed it, how many held the truth.</param>
    /// <param name="Shown">In how many it was shown.</param>
    /// <param name="Width">The mean width.</param>
    public sealed record Result(string Name, double Share, int Shown, double Width);

    /// <summary>Statistics that are shown without noise, in so many noisy releases of the same totals.</summary>
    public static IReadOnlyList<Result> Of(VectorLayout layout, Int128[] exact, int parties, int times, ITestOutputHelper output, ulong seed = 1)
    {
        var options = new ReleaseOptions(MinimumCohort: 0);
        // Hardly any noise: the decoder takes the totals for what they are.
        var calm = VectorLayout.Create(layout.Analysis, Privacy.MicroEpsilon.Parse("100"), layout.Noise, layout.InvitedParties);
        var truth = Release.Decode(calm, exact, 1, options).Where(s => s.Value is not null).ToDictionary(s => s.Name, s => s.Value!.Value);
        var (hits, shown, widths) = (new Dictionary<string, int>(), new Dictionary<string, int>(), new Dictionary<string, double>());
        var random = new SeededRandom(seed);
        for (var i = 0; i < times; i++)
        {
            foreach (var s in Release.Decode(layout, Noised(layout, exact, parties, random), parties, options))
            {
                if (s.Value is null || !truth.TryGetValue(s.Name, out var value)) continue;
                shown[s.Name] = shown.GetValueOrDefault(s.Name) + 1;
                widths[s.Name] = widths.GetValueOrDefault(s.Name) + (s.High!.Value - s.Low!.Value);
                var tolerance = 1e-9 * (1 + Math.Abs(value));
                if (s.Low <= value + tolerance && value <= s.High + tolerance) hits[s.Name] = hits.GetValueOrDefault(s.Name) + 1;
            }
        }

        Result[] results = [.. shown.Select(s => new Result(s.Key, hits.GetValueOrDefault(s.Key) / (double)s.Value, s.Value, widths[s.Key] / s.Value))];
        foreach (var r in results) output.WriteLine(FormattableString.Invariant($"{r.Name}: truth {truth[r.Name]:G5}, shown {r.Shown} of {times}, covered {r.Share:P1}, mean width {r.Width:G4}"));
        return results;
    }

    /// <summary>Totals with the noise of so many parties.</summary>
    public static Int128[] Noised(VectorLayout layout, Int128[] exact, int parties, SeededRandom random)
    {
        var noised = exact.ToArray();
        var draws = new Int128[parties];
        foreach (var cell in layout.Cells)
        {
            cell.Cell.Noise.Fill(draws, random);
            foreach (var draw in draws) noised[cell.Index] += draw;
        }

        return noised;
    }
}
