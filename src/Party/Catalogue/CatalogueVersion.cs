namespace SecureAggregation.Party.Catalogue;

/// <summary>
/// One state of a dataset, as this outpost knows it. Only <see cref="Number"/> leaves: whoever can guess every row but one could match
/// the hash against both guesses, so it is as good as that row.
/// </summary>
/// <param name="Number">From 1 in the order in which the states were first seen; a state that comes back keeps its number.</param>
/// <param name="Hash">SHA-256 over what the schema reads, and how it reads it (<see cref="ContentHash"/>).</param>
/// <param name="RoundedRows">How many rows there are, rounded (<see cref="RowRounding"/>).</param>
/// <param name="At">When it was first seen.</param>
/// <param name="IsCurrent">Whether it is the state that was seen last.</param>
internal sealed record CatalogueVersion(int Number, byte[] Hash, long RoundedRows, DateTimeOffset At, bool IsCurrent);
