namespace SecureAggregation.Client;

/// <summary>What the SDK throws; the message is a sentence that names the thing, the rule and the fix.</summary>
public abstract class ConsortiumException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The station does not answer, or is not the one whose key the roster names.</summary>
public sealed class StationUnavailableException(string message, Exception? inner = null) : ConsortiumException(message, inner);

/// <summary>The station answered and said no.</summary>
/// <param name="message">Its reason.</param>
/// <param name="code">The gRPC status code's name, such as PermissionDenied.</param>
/// <param name="inner">The call's own exception.</param>
public sealed class StationRefusedException(string message, string code, Exception? inner = null) : ConsortiumException(message, inner)
{
    /// <summary>The gRPC status code's name.</summary>
    public string Code { get; } = code;
}

/// <summary>The consortium has gone on to another roster than the pinned one.</summary>
public sealed class RosterReplacedException(string message) : ConsortiumException(message);

/// <summary>The station knows no round of this id.</summary>
public sealed class RoundNotFoundException(string message, Exception? inner = null) : ConsortiumException(message, inner);

/// <summary>The question cannot be asked as it is: no outpost offers its dataset, it does not fit the schema, or a rule of the protocol is broken.</summary>
public sealed class QuestionException(string message, Exception? inner = null) : ConsortiumException(message, inner);

/// <summary>A round that opened no number, or whose evidence does not hold.</summary>
public sealed class RoundFailedException(string message) : ConsortiumException(message)
{
    /// <summary>The round; its <see cref="RoundHandle.Signed"/> may be submitted again, e.g. once a person has approved it.</summary>
    public RoundHandle? Round { get; init; }
}
