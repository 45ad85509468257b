namespace SecureAggregation.Party.Storage;

/// <summary>
/// The state directory failed: damaged, in use, not writable or full. Whoever asked must not go on: nothing was recorded.
/// </summary>
internal sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether another process holds the state directory.</summary>
    public bool InUse { get; init; }
}
