using System.Security.Cryptography;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli;

/// <summary>
/// A query on made-up rows, in this process: the layout, encoder, noise and release of a real round, without outposts, station, masks or
/// signatures. It costs nothing and tells nothing about anybody.
/// </summary>
internal static class DummyRun
{
    public const string Label = "DUMMY DATA: made from the schema alone; no number here is about anybody";

    /// <summary>What the query would release if the outposts had dummy rows. A regression over several rounds is asked round by round.</summary>
    /// <param name="query">The query.</param>
    /// <param name="layout">The layout of a query like it: of itself, or of a later round.</param>
    /// <param name="schema">How rows are made and read.</param>
    /// <param name="rows">Rows of each outpost.</param>
    /// <param name="seed">Which rows; noise is drawn anew each time, as in a real round.</param>
    /// <param name="reading">How totals are read.</param>
    /// <returns>The numbers, and what is to be said of them beside.</returns>
    public static (IReadOnlyList<ReleasedStatistic> Statistics, string Remark) Run(
        AnalysisQuery query, Func<AnalysisQuery, VectorLayout> layout, SchemaFile schema, long rows, ulong seed, ReleaseOptions reading)
    {
        if (!ModelFit.IsAsked(query))
        {
            var only = layout(query);
            return (Release.Decode(only, Totals(schema, only, rows, seed), only.InvitedParties, reading), "");
        }

        var fit = new ModelFit(query);
        while (fit.Next is { } next)
        {
            var round = layout(next);
            fit.Add(round, Totals(schema, round, rows, seed), round.InvitedParties, reading);
        }

        return (fit.Statistics, fit.Converged ? $"converged in {fit.Rounds} rounds" : $"not converged in {fit.Rounds} rounds: {fit.Failure}");
    }

    private static Int128[] Totals(SchemaFile schema, VectorLayout layout, long rows, ulong seed)
    {
        using var random = RandomNumberGenerator.Create();
        var secret = RandomNumberGenerator.GetBytes(32);
        var queryHash = SHA256.HashData(layout.Analysis.Encode());
        var totals = new ulong[layout.Length];
        var elements = new ulong[layout.Length];
        for (var party = 0; party < layout.InvitedParties; party++)
        {
            using var noise = VectorNoise.Draw(layout, random);
            using var encoder = new RowEncoder(layout, secret, queryHash);
            foreach (var record in new DummyRows(schema, rows, seed ^ (ulong)party).Records(layout.Analysis)) encoder.Add(record);
            using var vector = encoder.Finish(noise);
            vector.WriteRing(elements);
            for (var i = 0; i < totals.Length; i++) totals[i] = (ulong)((totals[i] + (UInt128)elements[i]) & (ulong.MaxValue >> (64 - layout.Bits)));
        }

        return layout.Centre(totals);
    }
}
