using System.Globalization;
using System.Text;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Desk;

/// <summary>`secagg-outpost ledger`: what was spent, by whom and for what, and whether the chain holds.</summary>
internal static class LedgerDesk
{
    /// <exception cref="StoreException">The state cannot be read, or the chain is broken; or it is in use, and is to be written to.</exception>
    /// <exception cref="ConfigurationException">The policy is needed, and cannot be read.</exception>
    public static string Run(DeskOptions options, TimeProvider clock)
    {
        if (options.Action == "write-off") return WriteOff(options, clock);
        using var store = OutpostStore.OpenBeside(options.StateFolder());
        var ledger = new Ledger(store, clock);
        var entries = ledger.Entries();
        return options.Action switch
        {
            "verify" => Verify(options, entries, ledger.IsBehind),
            "export" => options.Format == "json" ? DeskText.Json(entries.Select(Document)) : Csv(entries),
            _ => Show(options, entries, options.LoadPolicy(), ledger.IsBehind),
        };
    }

    /// <summary>The outpost must not run: the station shows it each head from the one on that it knew when the stream began.</summary>
    private static string WriteOff(DeskOptions options, TimeProvider clock)
    {
        var policy = options.LoadPolicy() ?? throw new ConfigurationException("ledger write-off needs the policy, whose budgets are written off: --policy FILE, or --config FILE instead of --state.");
        // A folder that was never one is not made one here.
        OutpostStore.OpenBeside(options.StateFolder()).Dispose();
        using var store = OpenAlone(options.StateFolder());
        if (new Ledger(store, clock).WriteOff(policy.Datasets.ToDictionary(d => d.Key, d => d.Value.TotalMicro, StringComparer.Ordinal)) is not { } written)
            throw new StoreException("No debit is missing, as far as the station has shown; nothing was written off.");
        if (options.Json) return DeskText.Json(new { WrittenOff = written.ToDictionary(w => w.Key, w => DeskText.Units(w.Value)) });
        var lines = written.Select(w => $"{w.Key}: ε {Number(DeskText.Units(w.Value))} written off, 0 left");
        return string.Join(Environment.NewLine, [.. lines, "What was spent counts as the whole budget. The outpost answers again when the policy gives a dataset a larger epsilon_total."]);
    }

    private static OutpostStore OpenAlone(string folder)
    {
        try
        {
            return OutpostStore.Open(folder);
        }
        catch (StoreException e) when (e.InUse)
        {
            throw new StoreException($"The outpost runs on '{folder}'. Stop it, then write off and start it again.", e) { InUse = true };
        }
    }

    private static string Verify(DeskOptions options, IReadOnlyList<LedgerEntry> entries, bool behind)
    {
        var head = entries.Count == 0 ? new string('0', 64) : PublicBytes.Hex(entries[^1].Hash);
        if (options.Head.Length > 0 && options.Head.Trim('0').Length > 0 && entries.All(e => PublicBytes.Hex(e.Hash) != options.Head))
            throw new StoreException($"The chain is unbroken, but no entry has the hash {options.Head}: entries were cut off its end since it was noted down. Tell the consortium.");
        return options.Json
            ? DeskText.Json(new { Entries = entries.Count, Head = head, Unbroken = true, Behind = behind })
            : string.Create(CultureInfo.InvariantCulture, $"{entries.Count} entries, chain unbroken, head {head}{(behind ? $"; but {Ledger.LacksDebits}" : "")}");
    }

    private static string Show(DeskOptions options, IReadOnlyList<LedgerEntry> entries, Policy? policy, bool behind)
    {
        var datasets = entries.Select(e => e.Dataset).Concat(policy?.Datasets.Keys ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var lines = datasets.SelectMany(name => Lines(name, [.. entries.Where(e => e.Dataset == name)], policy?.Datasets.GetValueOrDefault(name), options.Delta))
            .Select(line => behind && line.Left is not null ? line with { Left = 0 } : line).ToList();
        if (options.Json) return DeskText.Json(new { Entries = entries.Count, options.Delta, Behind = behind, Spent = lines });
        var warning = behind ? $"{Environment.NewLine}{Environment.NewLine}{Ledger.LacksDebits}" : "";
        if (lines.Count == 0) return $"nothing was spent{warning}";
        var delta = options.Delta.ToString("0.###e-0", CultureInfo.InvariantCulture);
        var table = DeskText.Table(
            ["dataset", "of", "queries", "releases", "ε spent", "ε cap", "ε left", $"zCDP ε at δ = {delta}", "without noise"],
            [.. lines.Select(l => (IReadOnlyList<string>)[
                l.Dataset, l.Of, Number(l.Queries), Number(l.Releases), Number(l.Spent), Number(l.Cap), Number(l.Left),
                l.ZcdpEpsilon.ToString("0.###", CultureInfo.InvariantCulture), Number(l.WithoutNoise)])]);
        return $"""
            {table}

            ε: the plain sum of what was charged, overlap included; the caps are on it. zCDP: the same releases in another view, which holds beside the sum.
            No ε describes a release without noise; it is charged what its query named and is not in the zCDP column. Nor is what was written off, which released nothing.{warning}
            """;
    }

    private static IEnumerable<Line> Lines(string dataset, List<LedgerEntry> entries, DatasetPolicy? rules, double delta)
    {
        yield return LineOf("all", entries, rules?.TotalMicro);
        foreach (var group in entries.GroupBy(e => e.Coordinator).OrderBy(g => g.Key, StringComparer.Ordinal))
            yield return LineOf(group.Key == Ledger.WrittenOff ? group.Key : $"coordinator {group.Key}", [.. group], rules?.CoordinatorMicro);
        foreach (var group in entries.GroupBy(e => e.Study).Where(g => g.Key.Length > 0 || rules?.StudyMicro is not null).OrderBy(g => g.Key, StringComparer.Ordinal))
            yield return LineOf($"study {(group.Key.Length == 0 ? "(none)" : DeskText.OneLine(group.Key))}", [.. group], rules?.CapsFor(group.Key).StudyMicro);

        Line LineOf(string of, List<LedgerEntry> some, long? cap)
        {
            var spent = some.Sum(e => e.CostMicro);
            var noised = some.Where(e => e.Noise is (int)QueryNoise.Local or (int)QueryNoise.Distributed).ToList();
            var zcdp = noised.Aggregate(default(PrivacyCost), (sum, e) => sum + PrivacyCost.OfMicro(e.CostMicro)).EpsilonAt(delta);
            return new Line(
                dataset, of, some.DistinctBy(e => PublicBytes.Hex(e.QueryHash)).Count(), some.Count, DeskText.Units(spent), cap is { } most ? DeskText.Units(most) : null,
                cap is { } rest ? DeskText.Units(Math.Max(0, rest - spent)) : null, zcdp, some.Count(e => e.Noise == (int)QueryNoise.None));
        }
    }

    private static string Csv(IReadOnlyList<LedgerEntry> entries)
    {
        var csv = new StringBuilder("sequence,at,dataset,coordinator,study,epsilon,overlap,noise,query,round,previous,hash,form");
        foreach (var e in entries.Select(Document))
        {
            string[] fields =
            [
                Number(e.Sequence), e.At, e.Dataset, e.Coordinator, e.Study, Number(e.Epsilon), Number(e.Overlap), e.Noise, e.Query, e.Round, e.Previous, e.Hash, Number(e.Form),
            ];
            csv.Append("\r\n").AppendJoin(',', fields.Select(Quoted));
        }

        return csv.ToString();
    }

    private static Exported Document(LedgerEntry e) => new(
        e.Sequence, DeskText.Time(e.AtMs), e.Dataset, e.Coordinator, e.Study, DeskText.Units(e.CostMicro), e.Overlap, DeskText.Noise(e.Noise), PublicBytes.Hex(e.QueryHash),
        PublicBytes.Hex(e.RoundId), PublicBytes.Hex(e.Previous), PublicBytes.Hex(e.Hash), e.Form);

    /// <summary>RFC 4180; a study's name is a coordinator's word and may begin with what a spreadsheet takes for a formula.</summary>
    private static string Quoted(string field)
    {
        var safe = field.Length > 0 && "=+-@".Contains(field[0], StringComparison.Ordinal) ? "'" + field : field;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Number(decimal? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "";

    private sealed record Line(
        string Dataset, string Of, int Queries, int Releases, decimal Spent, decimal? Cap, decimal? Left, double ZcdpEpsilon, int WithoutNoise);

    private sealed record Exported(
        long Sequence, string At, string Dataset, string Coordinator, string Study, decimal Epsilon, int Overlap, string Noise, string Query, string Round, string Previous,
        string Hash, int Form);
}
