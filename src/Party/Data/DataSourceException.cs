namespace SecureAggregation.Party.Data;

/// <summary>
/// Data or its description cannot be used. The sentence says where and how to mend it, and never repeats a cell, which may be
/// a patient's; so no inner exception is kept either, because parsers like to quote what they read.
/// </summary>
internal sealed class DataSourceException(string message) : Exception(message);
