using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

public enum Tone
{
    Quiet,
    Signal,
    Good,
    Warn,
    Bad,
}

/// <summary>The status grammar: every state of anything is an icon, a word and a colour, always all three.</summary>
public sealed record Status(string Word, string Icon, Tone Tone)
{
    public static readonly Status Waiting = new("Waiting", "hourglass", Tone.Quiet);
    public static readonly Status Running = new("Running", "orbit", Tone.Signal);
    public static readonly Status Done = new("Done", "check", Tone.Good);
    public static readonly Status Aborted = new("Aborted", "stop", Tone.Bad);
    public static readonly Status Online = new("Online", "link", Tone.Good);
    public static readonly Status Offline = new("Offline", "unlink", Tone.Warn);
    public static readonly Status Degraded = new("Degraded", "warning", Tone.Warn);
    public static readonly Status Unverified = new("Unverified", "shield", Tone.Quiet);
    public static readonly Status Checking = new("Checking", "orbit", Tone.Signal);
    public static readonly Status Verified = new("Verified", "shield-check", Tone.Good);
    public static readonly Status FailedVerification = new("Failed verification", "shield-x", Tone.Bad);
    public static readonly Status Unknown = new("Unknown", "question", Tone.Quiet);

    public string CssClass => $"tone-{Tone.ToString().ToLowerInvariant()}";

    public static Status Of(RoundView round) => round.State switch
    {
        RoundState.Running => Running,
        RoundState.Done => Done,
        RoundState.Aborted => Aborted,
        _ => Unknown,
    };

    public static Status Of(RoundCheck? check) => check?.State switch
    {
        CheckState.Verified => Verified,
        CheckState.Failed => FailedVerification,
        CheckState.Running or CheckState.Waiting => Checking,
        _ => Unverified,
    };

    public static Status Of(OutpostView outpost) => outpost.Online ? Online : Offline;

    public static Status Of(PartyState state) => state switch
    {
        PartyState.Invited => Waiting with { Word = "Invited" },
        PartyState.Active => Running with { Word = "Active" },
        PartyState.Done => Done,
        PartyState.Dropped => Offline with { Word = "Dropped" },
        PartyState.Declined => Aborted with { Word = "Declined", Tone = Tone.Warn },
        PartyState.Blamed => FailedVerification with { Word = "Blamed" },
        _ => Unknown,
    };

    public static Status Of(Severity severity) => severity switch
    {
        Severity.Critical => new("Critical", "warning", Tone.Bad),
        Severity.Warning => new("Warning", "warning", Tone.Warn),
        _ => new("Info", "info", Tone.Signal),
    };

    public static Status Of(AlertState state) => state switch
    {
        AlertState.Acknowledged => new("Acknowledged", "person", Tone.Signal),
        AlertState.Closed => Done with { Word = "Closed" },
        _ => new("Open", "warning", Tone.Warn),
    };

    /// <summary>Can a round run now? The deck's first question.</summary>
    public static Status OfDeck(DeckState state) => state.Link switch
    {
        StationLink.Connecting => Waiting with { Word = "Connecting" },
        StationLink.Offline => Offline with { Word = "Station offline" },
        _ when state.HasQuorum => Online with { Word = "Quorum" },
        _ => Degraded with { Word = "No quorum" },
    };
}
