using System.Globalization;
using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using Spectre.Console;

namespace SecureAggregation.Cli;

/// <summary>What a query will be before it is asked: cells, how ε is split, how wide intervals will be, what each outpost would do.</summary>
internal static class PlanReport
{
    /// <summary>Writes a plan.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="query">The query.</param>
    /// <param name="rounds">Rounds that answer it at most.</param>
    /// <param name="layout">The vector of one round.</param>
    /// <param name="widths">Expected half widths.</param>
    /// <param name="online">What outposts and station say; null without a station.</param>
    public static void Write(Terminal terminal, AnalysisQuery query, int rounds, VectorLayout layout, IReadOnlyList<ExpectedWidth> widths, QueryPlan? online)
    {
        if (terminal.Json) terminal.WriteJson(Document(query, rounds, layout, widths, online));
        else Write(terminal, query, rounds, layout, widths);
        if (!terminal.Json && online is not null) Write(terminal, online);
    }

    private static void Write(Terminal terminal, AnalysisQuery query, int rounds, VectorLayout layout, IReadOnlyList<ExpectedWidth> widths)
    {
        terminal.Line($"{query.Name}: dataset {query.Dataset}, ε = {query.Epsilon}{(rounds == 1 ? "" : $" over at most {rounds} rounds")}, {Count(layout.InvitedParties, "outpost")}");
        terminal.Line($"each sends {Count(layout.Length, "cell")} of {layout.Bits} bits, {Bytes(layout)} bytes{(rounds == 1 ? "" : " a round")}; {Count(layout.Groups.Count, "group")}");
        foreach (var column in layout.Analysis.Columns.Where(c => c.IsNumeric && c.Low is not null))
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{column.Name} counts from {column.Low} to {column.High}{(column.Unit.Length > 0 ? " " + column.Unit : "")}; what lies outside counts as the nearer bound"));
        var split = new Table().Border(TableBorder.Simple).AddColumns("asks for", "cells", "ε", "of it");
        foreach (var block in layout.Blocks)
        {
            split.AddRow(
                Markup.Escape(string.Join(", ", block.Measures.Select(m => m.Name))),
                (block.Cells.Count * layout.Groups.Count).ToString(CultureInfo.InvariantCulture),
                Epsilon((ulong)block.EpsilonMicro),
                Markup.Escape(string.Join(", ", block.Segments.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name} {s.Share / 10.0:0.#} %")))));
        }

        terminal.Result.Write(split);
        if (layout.Noise == NoiseMode.None)
        {
            terminal.Line("no noise: the numbers are exact");
            return;
        }

        var expected = new Table().Border(TableBorder.Simple).AddColumns("95 % half width of", "unit", "numbers", "local", "distributed", "central, for comparison");
        foreach (var width in widths.Where(w => IsShown(w, widths)))
        {
            expected.AddRow(
                Markup.Escape($"{width.Measure} {width.Quantity}".TrimEnd()), Markup.Escape(width.Unit), width.Numbers.ToString(CultureInfo.InvariantCulture),
                Half(width.Local), Half(width.Distributed), Half(width.Central));
        }

        terminal.Result.Write(expected);
        if (widths.Any(w => IsShown(w, widths) && Width(w, layout.Noise) is null))
            terminal.Line("–: the noise is too large to determine most of these numbers; ask for less, raise epsilon, or let the outposts share the noise (noise: distributed)");
        terminal.Line($"the query's noise is {layout.Noise.ToString().ToLowerInvariant()}; widths of means and models are for made-up rows, in the middle of the numbers");
    }

    private static void Write(Terminal terminal, QueryPlan plan)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("outpost", "would", "charges ε", "left of the dataset", "of the coordinator", "of the study");
        foreach (var outpost in plan.Outposts)
        {
            var answer = outpost.Answer;
            table.AddRow(
                Markup.Escape(outpost.Name), Markup.Escape(Would(outpost)), answer is { CostMicro: > 0 } ? Epsilon(answer.CostMicro) : "",
                Left(answer, BudgetScope.Dataset), Left(answer, BudgetScope.Coordinator), Left(answer, BudgetScope.Study));
        }

        terminal.Result.Write(table);
        terminal.Line(
            $"{plan.Answering} of {plan.Outposts.Count} would answer now, a round needs {plan.Quorum}: {(plan.WouldRun ? "it would run" : "it would not run")}"
            + (plan.Rounds == 1 ? "" : $"; charged for each of at most {plan.Rounds} rounds")
            + (plan.Typical is { } typical ? string.Create(CultureInfo.InvariantCulture, $"; rounds lately took {typical.TotalSeconds:0.#} s") : ""));
    }

    private static double? Width(ExpectedWidth width, NoiseMode noise) => noise == NoiseMode.Distributed ? width.Distributed : width.Local;

    /// <summary>The values of a measure; what is said about them besides is in the JSON form.</summary>
    private static bool IsShown(ExpectedWidth width, IReadOnlyList<ExpectedWidth> all) =>
        width.Quantity.Length == 0 || !all.Any(w => w.Measure == width.Measure && w.Quantity.Length == 0);

    private static string Would(OutpostPlan outpost) => outpost switch
    {
        { Online: false } => "is offline",
        { Answer: null } => "did not say",
        { Answer: { Code: RefusalCode.Unspecified } } => "answer",
        { Answer: { Code: RefusalCode.AlreadyAnswered } a } => $"point to round {Convert.ToHexStringLower(a.EarlierRound.Span)}",
        { Answer: { Code: RefusalCode.PendingApproval } a } => $"wait for approval ({a.ApprovalsGiven} of {a.ApprovalsNeeded})",
        { Answer: var a } => $"refuse: {RefusalWords.Of(a.Code.ToString())}",
    };

    private static string Left(PlanAnswer? answer, BudgetScope scope) =>
        answer?.Budgets.FirstOrDefault(b => b.Scope == scope) is { } budget ? $"{Epsilon(budget.LeftMicro)} of {Epsilon(budget.CapMicro)}" : "";

    private static object Document(AnalysisQuery query, int rounds, VectorLayout layout, IReadOnlyList<ExpectedWidth> widths, QueryPlan? online) => new
    {
        Query = query.Name,
        query.Dataset,
        Epsilon = query.Epsilon.ToDouble(),
        Noise = layout.Noise.ToString().ToLowerInvariant(),
        Rounds = rounds,
        Parties = layout.InvitedParties,
        Groups = layout.Groups.Count,
        Cells = layout.Length,
        BitsACell = layout.Bits,
        BytesAParty = Bytes(layout),
        Blocks = layout.Blocks.Select(b => new
        {
            Measures = b.Measures.Select(m => m.Name),
            Cells = b.Cells.Count * layout.Groups.Count,
            Epsilon = b.EpsilonMicro / 1e6,
            Segments = b.Segments.Select(s => new { s.Name, Share = s.Share / 1000.0 }),
        }),
        Widths = widths,
        Outposts = online?.Outposts.Select(o => new
        {
            o.Name,
            o.Online,
            Would = Would(o),
            Code = o.Answer?.Code.ToString(),
            Charge = o.Answer?.CostMicro / 1e6,
            Budgets = o.Answer?.Budgets.Select(b => new { Scope = b.Scope.ToString().ToLowerInvariant(), Left = b.LeftMicro / 1e6, Cap = b.CapMicro / 1e6 }),
        }),
        online?.Quorum,
        online?.WouldRun,
        TypicalSeconds = online?.Typical?.TotalSeconds,
    };

    private static long Bytes(VectorLayout layout) => Crypto.RingVector.PackedLength(layout.Bits, layout.Length);

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";

    private static string Half(double? width) => width is { } half ? "± " + half.ToString(half >= 100 ? "#,0" : "0.###", CultureInfo.InvariantCulture) : "–";

    private static string Epsilon(ulong micro) => (micro / 1e6).ToString("0.######", CultureInfo.InvariantCulture);
}
