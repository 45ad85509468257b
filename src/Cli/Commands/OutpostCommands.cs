using System.CommandLine;
using System.Diagnostics;
using SecureAggregation.Cli.Demo;

namespace SecureAggregation.Cli.Commands;

/// <summary>
/// `secagg approvals` and `secagg ledger`: the outpost's own commands on its state folder. This program links no other; it starts the outpost's
/// with the same words.
/// </summary>
internal static class OutpostCommands
{
    public static IEnumerable<Command> Create()
    {
        yield return Passing("approvals", "At an outpost: list, show, accept or reject questions that wait for a person (--state DIR)");
        yield return Passing("ledger", "At an outpost: show, verify or export what its privacy budget was spent on (--state DIR)");
    }

    private static Command Passing(string name, string description) => new Command(name, description) { TreatUnmatchedTokensAsErrors = false }.Does(async (arguments, stop) =>
    {
        var start = new ProcessStartInfo(Programs.Runtime) { UseShellExecute = false };
        string[] words = [Programs.Outpost, name, .. arguments.Parsed.UnmatchedTokens, .. arguments.Terminal.Json ? (string[])["--json"] : []];
        foreach (var word in words) start.ArgumentList.Add(word);
        // Never null: UseShellExecute is off.
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(stop);
        return process.ExitCode switch { 0 => ExitCode.Ok, 2 => ExitCode.BadInput, _ => ExitCode.Failed };
    });
}
