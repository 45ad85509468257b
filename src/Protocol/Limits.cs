namespace SecureAggregation.Protocol;

/// <summary>Sizes above which bytes from outside are refused before they are decoded (docs/protocol.md section 8).</summary>
public static class Limits
{
    /// <summary>Most parties in a roster.</summary>
    public const int Parties = 1024;

    /// <summary>Most elements in a vector.</summary>
    public const int Elements = 1 << 24;

    /// <summary>Largest part of a masked vector in one frame, in bytes.</summary>
    public const int Chunk = 256 * 1024;

    /// <summary>Largest query body, in bytes.</summary>
    public const int Query = 256 * 1024;

    /// <summary>Largest signed roster, in bytes.</summary>
    public const int Roster = 1024 * 1024;

    /// <summary>Rejected messages that the station keeps as evidence, for each party and round.</summary>
    public const int Evidence = 8;

    /// <summary>How often a party may begin to send its vector in a round: after each loss of its stream it begins anew.</summary>
    public const int Uploads = 32;

    /// <summary>Longest time that a phase may be given.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);

    /// <summary>Bytes of a pre-shared key of a pair.</summary>
    public const int PreSharedKey = 32;

    /// <summary>Most rounds that may be tried for one query.</summary>
    public const int Attempts = 10;

    /// <summary>Characters of a study's name.</summary>
    public const int Study = 64;

    /// <summary>Lines in which an outpost says what is left of its budgets.</summary>
    public const int BudgetLines = 1000;

    /// <summary>Bytes of that.</summary>
    public const int BudgetStatement = 128 * 1024;

    /// <summary>How long an ephemeral key may be used.</summary>
    public static readonly TimeSpan KeyLife = TimeSpan.FromHours(1);

    /// <summary>How far two parties' clocks may differ.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How far a key may be outside of its life, by the clock of another party at the time when that joined: the station may have taken the key up to
    /// two phases earlier or later, with a clock that differs from both parties'.
    /// </summary>
    public static readonly TimeSpan KeyTolerance = (2 * Deadline) + (2 * ClockSkew);

    /// <summary>Largest envelope of a party that may have entries for so many parties, itself included, in bytes.</summary>
    public static int PartyEnvelope(int parties) => (64 * 1024) + (1024 * parties);

    /// <summary>Largest broadcast of the station in a round with so many invited parties, in bytes.</summary>
    public static int Broadcast(int invited) => (1024 * 1024) + (1024 * invited);
}
