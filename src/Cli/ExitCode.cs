namespace SecureAggregation.Cli;

/// <summary>What the process says by ending. The table in docs/cli.md and in <c>secagg --help</c> is this one.</summary>
internal enum ExitCode
{
    /// <summary>Everything asked for was done and holds.</summary>
    Ok = 0,

    /// <summary>A check failed: a bundle does not verify, a round was aborted, a total lies outside its interval.</summary>
    Failed = 1,

    /// <summary>Wrong usage, or a file, query or roster that cannot be used.</summary>
    BadInput = 2,

    /// <summary>The station cannot be reached, or one side does not accept the other's certificate.</summary>
    CannotConnect = 3,

    /// <summary>The station answered and refused: not in the roster, not a coordinator, query expired or altered.</summary>
    Refused = 4,

    /// <summary>This machine: a program does not start, a port is in use, the disk is full.</summary>
    Environment = 5,

    /// <summary>Ended by Ctrl-C, as shells report it.</summary>
    Interrupted = 130,
}
