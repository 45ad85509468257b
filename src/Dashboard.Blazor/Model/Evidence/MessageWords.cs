using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Evidence;

/// <summary>What the log's words mean to people who have not read the protocol.</summary>
internal static class MessageWords
{
    public static IReadOnlyList<MessageKind> Kinds { get; } = [.. Enum.GetValues<MessageKind>().Where(kind => kind != MessageKind.Unspecified)];

    public static string Of(MessageKind kind) => kind switch
    {
        MessageKind.Propose => "proposal",
        MessageKind.VectorFault => "vector fault",
        _ when Enum.IsDefined(kind) => kind.ToString().ToLowerInvariant(),
        _ => $"kind {(int)kind}",
    };

    public static string Of(RejectionCode code) => code switch
    {
        RejectionCode.None => "",
        RejectionCode.BadMessage => "1 bad message",
        RejectionCode.BadSignature => "2 bad signature",
        RejectionCode.WrongParty => "3 wrong party",
        RejectionCode.WrongPhase => "4 wrong phase",
        RejectionCode.Conflict => "5 conflict",
        RejectionCode.BadContent => "6 bad content",
        RejectionCode.WrongSecret => "7 wrong secret",
        _ => $"{(int)code}",
    };

    /// <summary>What all fields of a message together may tell whoever reads the log (docs/transcript.md section 8).</summary>
    public static string MayTell(string message) => message switch
    {
        "Entry" => "which round, when by the station's clock, who, whether it was taken",
        "Envelope" => "which message, and that it is the sender's",
        "Proposal" => "the terms of the round",
        "Query" => "what a coordinator asks; comes from no outpost",
        "Act" => "who changed whose rights at the station, or stopped a round there",
        "Join" => "who takes part",
        "Decline" => "who does not, and which fixed code; by no rule that looks at rows",
        "Advertise" => "a key of the round, and random bytes",
        "Advertised" or "Shared" or "Survivors" or "Agreed" => "the same again, to all",
        "Share" => "hashes of random seeds, and their shares sealed for others",
        "Input" => "hashes of masked and of salted bytes; what the ledger was charged",
        "MaskedVector" => "the vector under its masks: uniform to whoever lacks a seed",
        "VectorFault" => "whose vector was another",
        "Agree" => "that the set is the same for all",
        "Unmask" => "seeds of this round, of a vector that is in the total",
        "Recovery" => "who fell silent",
        "Recover" => "shares of the silent's seeds",
        "Total" => "the noised total, of whom",
        "Abort" => "why there is none",
        "Evidence" => "what an outpost sent that was not taken",
        _ => "a message of another version",
    };
}
