using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>Which rounds are asked for: what a request leaves out matches all. Not thread-safe.</summary>
internal sealed class RoundSearch
{
    private const int LongestFind = 100;
    private const int ContentLength = 32;
    private readonly RoundState _state;
    private readonly string _find;
    private readonly ulong _since;
    private readonly ulong _until;
    private readonly ByteString _content;
    private readonly IReadOnlyList<string>? _studies;
    private string? _names;
    private bool _inNames;

    private RoundSearch(ListRoundsRequest request, IReadOnlyList<string>? studies)
    {
        (_state, _find, _since, _until) = (request.State, request.Find, request.SinceMs, request.UntilMs == 0 ? ulong.MaxValue : request.UntilMs);
        (_content, _studies) = (request.Content, studies);
    }

    /// <summary>Whether it is every round.</summary>
    public bool IsEverything => _state == RoundState.Unspecified && _find.Length == 0 && _since == 0 && _until == ulong.MaxValue && _content.IsEmpty && _studies is null;

    /// <summary>Reads a request; if it is not in order the search is null and the sentence says why. Null studies are all.</summary>
    public static (RoundSearch? Search, string Broken) Of(ListRoundsRequest request, IReadOnlyList<string>? studies = null) => request switch
    {
        { Find.Length: > LongestFind } => (null, $"find has {request.Find.Length} characters; at most {LongestFind} are looked for."),
        { Content.Length: not (0 or ContentLength) } => (null, $"content has {request.Content.Length} bytes; it must have {ContentLength}, as a round's content has, or none."),
        { State: not (RoundState.Unspecified or RoundState.Running or RoundState.Done or RoundState.Aborted) } =>
            (null, $"state is {(int)request.State}; a round is running ({(int)RoundState.Running}), done ({(int)RoundState.Done}) or aborted ({(int)RoundState.Aborted})."),
        _ => (new RoundSearch(request, studies), ""),
    };

    public bool Matches(RoundCard round) =>
        (_state == RoundState.Unspecified || round.State == _state)
        && (_studies is null || _studies.Contains(round.Study, StringComparer.Ordinal))
        && round.StartedMs >= _since && round.StartedMs < _until
        && (_content.IsEmpty || round.Content.Equals(_content))
        && (_find.Length == 0 || Has(round.Title) || Has(round.Dataset) || Has(round.Coordinator)
            || PublicBytes.Hex(round.RoundId.Span).StartsWith(_find, StringComparison.OrdinalIgnoreCase) || InParties(round.Parties));

    /// <summary>Most rounds invited the same parties, and have the same string of their names.</summary>
    private bool InParties(string names)
    {
        if (!ReferenceEquals(names, _names)) (_names, _inNames) = (names, Has(names));
        return _inNames;
    }

    private bool Has(string text) => text.Contains(_find, StringComparison.OrdinalIgnoreCase);
}
