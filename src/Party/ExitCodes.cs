namespace SecureAggregation.Party;

/// <summary>
/// What the program's end says to the script that started it; the station's program uses the same numbers. Listed in docs/outpost.md.
/// </summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A defect: anything that no other code names.</summary>
    public const int Internal = 1;

    /// <summary>The command line, the configuration or the policy file is wrong.</summary>
    public const int Configuration = 2;

    /// <summary>The key, the roster or its pin is wrong or expired.</summary>
    public const int Identity = 3;

    /// <summary>A CSV or schema file is wrong, or an identifier column is not mapped.</summary>
    public const int Data = 4;

    /// <summary>The state directory cannot be used: in use, not writable, damaged.</summary>
    public const int State = 6;
}
