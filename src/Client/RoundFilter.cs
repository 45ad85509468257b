using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Client;

/// <summary>Which rounds are listed; whatever is left out matches all.</summary>
public sealed record RoundFilter
{
    /// <summary>How they stand; unspecified for any.</summary>
    public RoundState State { get; init; }

    /// <summary>Text in the title, the dataset's, coordinator's or a party's name, or the beginning of the id in hexadecimal digits; at most 100 characters.</summary>
    public string Find { get; init; } = "";

    /// <summary>Started at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Started before this.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Asking this (<see cref="RoundView.Content"/>), 32 bytes; empty for any.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Leaves out statistics and marks, of which most of a round's bytes are.</summary>
    public bool Brief { get; init; }
}
