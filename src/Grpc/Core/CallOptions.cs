namespace Grpc.Core;

#pragma warning disable CA1068 // The order of the parameters is the public package's.
/// <summary>What a caller says about one call.</summary>
public readonly struct CallOptions(
    Metadata? headers = null,
    DateTime? deadline = null,
    CancellationToken cancellationToken = default,
    WriteOptions? writeOptions = null) : IEquatable<CallOptions>
#pragma warning restore CA1068
{
    /// <summary>Metadata to send before the first message.</summary>
    public Metadata? Headers { get; private init; } = headers;

    /// <summary>When the call is given up, in UTC; null is never.</summary>
    public DateTime? Deadline { get; private init; } = deadline;

    /// <summary>Gives up the call.</summary>
    public CancellationToken CancellationToken { get; private init; } = cancellationToken;

    /// <summary>Options of the call's writes.</summary>
    public WriteOptions? WriteOptions { get; private init; } = writeOptions;

    /// <summary>Equality by value.</summary>
    public static bool operator ==(CallOptions left, CallOptions right) => left.Equals(right);

    /// <summary>Inequality by value.</summary>
    public static bool operator !=(CallOptions left, CallOptions right) => !left.Equals(right);

    /// <summary>The same with other headers.</summary>
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    /// <summary>The same with another deadline.</summary>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    /// <summary>The same with another token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => this with { CancellationToken = cancellationToken };

    /// <summary>The same with other write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };

    /// <inheritdoc />
    public bool Equals(CallOptions other) =>
        Headers == other.Headers && Deadline == other.Deadline
        && CancellationToken == other.CancellationToken && WriteOptions == other.WriteOptions;

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is CallOptions other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Headers, Deadline, CancellationToken, WriteOptions);
}
