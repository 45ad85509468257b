namespace SecureAggregation.Party.Catalogue;

/// <summary>What one pass over all rows saw. It stays inside the outpost.</summary>
/// <param name="Hash">SHA-256 (<see cref="ContentHash"/>).</param>
/// <param name="Rows">How many rows.</param>
internal sealed record DataContent(byte[] Hash, long Rows);
