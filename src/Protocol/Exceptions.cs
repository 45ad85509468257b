using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>A roster that cannot be used; the message says which rule it breaks.</summary>
public sealed class RosterException(string message) : Exception(message);

/// <summary>
/// A party does not take part or goes no further. <see cref="Code"/> is all that leaves the party; the message is for its own operator and
/// holds no secret and nothing that depends on data.
/// </summary>
public sealed class RefusalException(RefusalCode code, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The fixed code that may be told to the station.</summary>
    public RefusalCode Code { get; } = code;

    /// <summary>With <see cref="RefusalCode.AlreadyAnswered"/> the round whose total is the answer, 16 bytes; else null.</summary>
    public byte[]? EarlierRound { get; init; }
}

/// <summary>A message whose bytes are not a canonical encoding within its limits.</summary>
public sealed class WireException(string message) : Exception(message);

/// <summary>A transcript, bundle or checkpoint in which something does not follow from what stands before it.</summary>
public sealed class TranscriptException(string message) : Exception(message)
{
    /// <summary>The value that should have been there, when two were compared; else null.</summary>
    public string? Expected { get; init; }

    /// <summary>The value that was there instead; else null.</summary>
    public string? Found { get; init; }
}
