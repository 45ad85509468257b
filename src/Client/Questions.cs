using SecureAggregation.Crypto;

namespace SecureAggregation.Client;

/// <summary>The first word of a question.</summary>
public static class Questions
{
    /// <summary>Begins a question to a dataset.</summary>
    /// <param name="consortium">Who is asked.</param>
    /// <param name="name">The dataset, as outposts offer it.</param>
    /// <param name="coordinator">Key of a coordinator of the roster; stays the caller's. Null: the identity that the client connects as.</param>
    public static DatasetQuery Dataset(this IConsortium consortium, string name, IdentityKey? coordinator = null)
    {
        ArgumentNullException.ThrowIfNull(consortium);
        ArgumentNullException.ThrowIfNull(name);
        return new DatasetQuery(consortium, name, coordinator);
    }
}
