using System.Globalization;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics;
using Spectre.Console;

namespace SecureAggregation.Cli;

/// <summary>What a query will be: the cells that each outpost sends, how ε is split between them, how wide the noise makes a count.</summary>
internal static class QueryPlan
{
    public static void Write(Terminal terminal, AnalysisQuery query, VectorLayout layout)
    {
        var blocks = layout.Blocks.Select(block => new
        {
            Measures = block.Measures.Select(m => m.Name).ToArray(),
            Cells = block.Cells.Count * layout.Groups.Count,
            Epsilon = query.Epsilon.ToDouble() * block.Weight / layout.TotalWeight,
            CountHalfWidth = layout.Noise == NoiseMode.None ? 0 : new NoiseSum(block.Cells[0].Noise.Whole, layout.Draws(layout.InvitedParties)).HalfWidth(0.05),
        }).ToArray();
        if (terminal.Json)
        {
            terminal.WriteJson(new
            {
                Query = query.Name,
                query.Dataset,
                Epsilon = query.Epsilon.ToDouble(),
                Parties = layout.InvitedParties,
                Groups = layout.Groups.Count,
                Cells = layout.Length,
                BitsACell = layout.Bits,
                BytesAParty = Bytes(layout),
                Blocks = blocks,
            });
            return;
        }

        terminal.Line($"{query.Name}: dataset {query.Dataset}, ε = {query.Epsilon}, {layout.InvitedParties} outposts");
        terminal.Line($"each sends {layout.Length} cells of {layout.Bits} bits, {Bytes(layout)} bytes; {layout.Groups.Count} {(layout.Groups.Count == 1 ? "group" : "groups")}");
        foreach (var column in layout.Analysis.Columns.Where(c => c.IsNumeric && c.Low is not null))
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{column.Name} counts from {column.Low} to {column.High}{(column.Unit.Length > 0 ? " " + column.Unit : "")}; what lies outside counts as the nearer bound"));
        var table = new Table().Border(TableBorder.Simple).AddColumns("asks for", "cells", "ε", "95 % of a count's noise");
        foreach (var block in blocks)
        {
            table.AddRow(
                Markup.Escape(string.Join(", ", block.Measures)),
                block.Cells.ToString(CultureInfo.InvariantCulture),
                block.Epsilon.ToString("0.######", CultureInfo.InvariantCulture),
                "± " + block.CountHalfWidth.ToString("0.#", CultureInfo.InvariantCulture));
        }

        terminal.Result.Write(table);
    }

    private static long Bytes(VectorLayout layout) => Crypto.RingVector.PackedLength(layout.Bits, layout.Length);
}
