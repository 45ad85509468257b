namespace SecureAggregation.Party.Storage;

/// <summary>A version of a dataset as the catalogue has it. Refusals depend on it: on its number, and with the refresh rule on its rounded size.</summary>
/// <param name="Id">Equal for equal versions.</param>
/// <param name="Rows">The rounded size; 0 if it is not known.</param>
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
