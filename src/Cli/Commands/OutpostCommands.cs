using System.CommandLine;
using System.Diagnostics;
using SecureAggregation.Cli.Demo;

namespace SecureAggregation.Cli.Commands;

/// <summary>
/// The outpost's own commands, on its configuration and its state folder. This program links no other; it starts the outpost's with the same words,
/// whose answer and exit code are then this program's.
/// </summary>
internal static class OutpostCommands
{
    private const string OnState = "an outpost's --state DIR or --config FILE; exit codes as in docs/outpost.md";

    public static IEnumerable<Command> Create()
    {
        yield return new Command("approvals", $"At an outpost: questions that wait for a person ({OnState})")
        {
            Passing("approvals", "list", "What waits; --all shows the rest too"),
            Passing("approvals", "show", "ID: the whole question, what it costs, who has said what"),
            Passing("approvals", "accept", "ID --as NAME: it may be answered"),
            Passing("approvals", "reject", "ID --as NAME --reason TEXT: it is never answered"),
        };
        yield return new Command("ledger", $"At an outpost: what its privacy budget was spent on ({OnState})")
        {
            Passing("ledger", "show", "Spent and left, by dataset, coordinator and study; --delta 1e-6 of the zCDP view, --policy FILE for the caps"),
            Passing("ledger", "verify", "Checks the chain of entries; --head HASH: and that it goes on from a head noted down before"),
            Passing("ledger", "export", "Every entry; --format csv|json"),
        };
    }

    /// <summary>The commands of `dataset` that need an outpost's configuration (--config FILE, by default outpost.json).</summary>
    public static IEnumerable<Command> OnDatasets()
    {
        yield return Passing("dataset", "register", "At an outpost: NAME --csv FILE [--schema FILE] adds a dataset to its configuration; proposes a schema if there is none");
        yield return Passing("dataset", "list", "At an outpost: what is configured, with version and rounded size");
        yield return Passing("dataset", "show", "At an outpost: NAME: what everybody is told of it");
        yield return Passing("dataset", "versions", "At an outpost: NAME: the states that its data has had");
        yield return Passing("dataset", "check", "At an outpost: NAME: reads every row, as at a start");
    }

    /// <summary>Runs the outpost's program with these words.</summary>
    public static async Task<ExitCode> StartAsync(IEnumerable<string> words, Terminal terminal, CancellationToken stop)
    {
        var start = new ProcessStartInfo(Programs.Runtime) { UseShellExecute = false };
        foreach (var word in (string[])[Programs.Outpost, .. words, .. terminal.Json ? (string[])["--json"] : []]) start.ArgumentList.Add(word);
        // Never null: UseShellExecute is off.
        using var process = Process.Start(start)!;
        await using var ending = stop.Register(() => process.Kill());
        await process.WaitForExitAsync(CancellationToken.None);
        stop.ThrowIfCancellationRequested();
        return (ExitCode)process.ExitCode;
    }

    private static Command Passing(string group, string action, string description) =>
        new Command(action, description) { TreatUnmatchedTokensAsErrors = false }
            .Does((arguments, stop) => StartAsync([group, action, .. arguments.Parsed.UnmatchedTokens], arguments.Terminal, stop));
}
