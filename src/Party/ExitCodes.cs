namespace SecureAggregation.Party;

/// <summary>What the program's end says to the script that started it. Listed in docs/outpost.md.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A defect: anything that no other code names.</summary>
    public const int Internal = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A configuration or policy file is wrong.</summary>
    public const int Configuration = 3;

    /// <summary>A CSV or schema file is wrong, or an identifier column is not mapped.</summary>
    public const int Data = 4;

    /// <summary>The key, the roster or its pin is wrong or expired.</summary>
    public const int Identity = 5;

    /// <summary>The state directory cannot be used: in use, not writable, damaged.</summary>
    public const int State = 6;
}
