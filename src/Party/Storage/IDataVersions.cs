namespace SecureAggregation.Party.Storage;

/// <summary>A version of a dataset as it was published: nothing of it may depend on data that is not public, for refusals depend on it.</summary>
/// <param name="Id">Equal for equal versions.</param>
/// <param name="Rows">The declared, rounded size; 0 if none is declared.</param>
internal sealed record DataVersion(string Id, long Rows)
{
    /// <summary>Of a dataset whose versions nobody declares: it counts as the same for ever.</summary>
    public static DataVersion Undeclared { get; } = new("", 0);
}

/// <summary>Tells which version of each dataset is the published one.</summary>
internal interface IDataVersions
{
    DataVersion Of(string dataset);
}
