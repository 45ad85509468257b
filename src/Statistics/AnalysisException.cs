namespace SecureAggregation.Statistics;

/// <summary>
/// A query, schema or encoded analysis that breaks a rule. The message names the thing, the rule and the fix, and holds nothing of any row,
/// so it may be shown to whoever asked.
/// </summary>
public sealed class AnalysisException : Exception
{
    /// <summary>A broken rule.</summary>
    /// <param name="message">The thing, the rule, the fix.</param>
    /// <param name="line">The line of the YAML or JSON text that it stands in, from 1, if known.</param>
    public AnalysisException(string message, int? line = null)
        : base(line is null ? message : $"line {line}: {message}") => Line = line;

    /// <summary>A broken rule with the error below it.</summary>
    public AnalysisException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A broken rule without a word; prefer the others.</summary>
    public AnalysisException()
    {
    }

    /// <summary>The line of the text, from 1, if known.</summary>
    public int? Line { get; }
}
