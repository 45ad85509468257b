using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>An analysis' filter with what a database needs to apply it: how each column's fields are read.</summary>
internal sealed record RowFilter(Filter Where, Analysis Analysis, SchemaFile Schema);
