using System.Globalization;
using SecureAggregation.Accounts;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>Somewhere to go.</summary>
internal sealed record PaletteHit(string Kind, string Icon, string Title, string Detail, string Url);

/// <summary>What the palette answers: places, best first, and a sentence.</summary>
internal sealed record PaletteAnswer(IReadOnlyList<PaletteHit> Hits, string Says);

/// <summary>Finds the place that somebody means by an id, a hash, an index or words, in what the deck holds.</summary>
internal static class Palette
{
    public const int Longest = 200;
    private const int MostHits = 10;
    private const int FewestDigits = 4;
    private const int IdDigits = 32;
    private const int HashDigits = 64;

    public static PaletteAnswer Find(string text, DeckState state, Func<Permission, bool> may)
    {
        var asked = text.Trim();
        if (asked.Length > Longest) asked = asked[..Longest];
        if (asked.Length == 0) return new([.. Now(state, may), .. DeckPages.Open(may).Select(Hit)], "Type a name, or paste an id, a hash or the number of an entry.");
        var digits = asked.TrimStart('#').Replace(" ", "", StringComparison.Ordinal);
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) digits = digits[2..];
        PaletteHit[] hits =
        [
            .. may(Permission.ReadTranscript) ? Entries(digits, state) : [],
            .. may(Permission.ReadResults) ? Numbers(digits, state, may) : [],
            .. Words(asked, state, may),
        ];
        hits = [.. hits.DistinctBy(hit => hit.Url).Take(MostHits)];
        return new(hits, hits.Length > 0 ? $"{Text.Plural(hits.Length, "place")}{(hits.Length == MostHits ? ", the best" : "")}" : Nothing(asked, digits, state, may));
    }

    private static IEnumerable<PaletteHit> Now(DeckState state, Func<Permission, bool> may)
    {
        if (!may(Permission.ReadResults)) yield break;
        if (state.Running is { } running) yield return Hit(running, "runs now");
        if (state.LastDone is { } done) yield return Hit(done, "the last result");
    }

    private static IEnumerable<PaletteHit> Entries(string digits, DeckState state)
    {
        if (ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < (state.Head?.Size ?? 0))
            yield return new("Entry", "shield-check", $"Entry {index}", $"of {state.Head!.Size} in the station's log", DeckUrls.Entry(index));
    }

    /// <summary>Ids, fingerprints and hashes, whole or their beginning.</summary>
    private static IEnumerable<PaletteHit> Numbers(string digits, DeckState state, Func<Permission, bool> may)
    {
        if (digits.Length < FewestDigits || !digits.All(char.IsAsciiHexDigit)) yield break;
        foreach (var round in state.Rounds)
        {
            if (Begins(round.Id(), digits)) yield return Hit(round, $"id {Text.ShortId(round.Id())}…");
            else if (Begins(Contract.Hex(round.TotalHash), digits)) yield return Hit(round, "its total has this hash");
            else if (Begins(Contract.Hex(round.Content), digits)) yield return Hit(round, "asks what has this hash");
        }

        foreach (var outpost in state.Outposts.Values)
        {
            if (Begins(outpost.KeyFingerprint, digits)) yield return Hit(outpost, "its key has this fingerprint");
        }

        if (may(Permission.ReadTranscript) && state.Head is { } head && Begins(Contract.Hex(head.Root), digits))
            yield return new("Head", "shield", $"Head of the log at {head.Size} entries", "the newest root", DeckUrls.Verify);
        // The deck holds the newest rounds only; the page of the round asks the station.
        if (digits.Length == IdDigits && state.FindRound(digits.ToLowerInvariant()) is null && state.RoundsInAll > state.Rounds.Length)
            yield return new("Round", "rounds", $"Round {Text.ShortId(digits)}…", "older than what the deck holds: the station is asked", DeckUrls.Round(digits.ToLowerInvariant()));
    }

    private static IEnumerable<PaletteHit> Words(string asked, DeckState state, Func<Permission, bool> may)
    {
        var words = asked.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var pages = DeckPages.Open(may).Where(page => All(page.Name + " " + page.Words, words)).Select(Hit);
        if (!may(Permission.ReadResults)) return pages;
        var outposts = state.Outposts.Values.Where(outpost => All(outpost.Name, words)).Select(outpost => Hit(outpost, outpost.Online ? "online" : "offline"));
        var datasets = state.Outposts.Values.SelectMany(outpost => outpost.Datasets).Select(dataset => dataset.Name).CountBy(name => name)
            .Where(dataset => All(dataset.Key, words))
            .Select(dataset => new PaletteHit("Dataset", "hourglass", dataset.Key, $"offered by {Text.Plural(dataset.Value, "outpost")}: its rounds", DeckUrls.RoundsWhere("", dataset.Key)));
        var questions = state.Rounds.Where(round => All(round.Title, words)).GroupBy(round => round.Title)
            .Select(series => Hit(series.First(), series.Count() == 1 ? Status.Of(series.First()).Word.ToLowerInvariant() : $"the newest of {series.Count()} rounds"));
        // What begins as it was typed comes first; the sort keeps the order of kinds otherwise.
        return pages.Concat(outposts).Concat(questions).Concat(datasets).OrderBy(hit => hit.Title.StartsWith(asked, StringComparison.OrdinalIgnoreCase) ? 0 : hit.Title.Contains(asked, StringComparison.OrdinalIgnoreCase) ? 1 : 2);
    }

    private static string Nothing(string asked, string digits, DeckState state, Func<Permission, bool> may)
    {
        if (digits.All(char.IsAsciiDigit) && digits.Length < IdDigits && may(Permission.ReadTranscript)) return $"There is no entry {digits}: the log has {Text.Plural((int)Math.Min(state.Head?.Size ?? 0, int.MaxValue), "entry", "entries")}.";
        if (!digits.All(char.IsAsciiHexDigit)) return $"Nothing on this deck is called “{asked}”.";
        return digits.Length switch
        {
            IdDigits => "No round and no outpost's key has this id.",
            HashDigits => "No round among those that the deck holds, and not the head of its log, has this hash.",
            _ => $"Nothing begins with “{asked}”. A round's id has {IdDigits} hexadecimal digits, a hash {HashDigits}.",
        };
    }

    private static bool Begins(string hex, string digits) => hex.StartsWith(digits, StringComparison.OrdinalIgnoreCase);

    private static bool All(string text, string[] words) => Array.TrueForAll(words, word => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static PaletteHit Hit(DeckPage page) => new("Page", page.Icon, page.Name, page.Words, page.Url);

    private static PaletteHit Hit(RoundView round, string detail) => new("Round", "rounds", round.Title.Length > 0 ? round.Title : "Untitled", $"{round.Dataset} · {detail}", DeckUrls.Round(round));

    private static PaletteHit Hit(OutpostView outpost, string detail) => new("Outpost", "link", outpost.Name, detail, DeckUrls.Outpost(outpost));
}
