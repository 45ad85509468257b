using System.CommandLine;
using SecureAggregation.Client;
using SecureAggregation.Protocol;

namespace SecureAggregation.Cli;

/// <summary>Where this machine keeps the heads of logs that it has verified.</summary>
internal static class RememberedHeads
{
    public static Option<string?> Folder { get; } = new("--heads")
    {
        Description = "Folder in which verified heads of logs are remembered (default: SECAGG_HEADS, or secagg/heads in your data folder)",
    };

    public static HeadMemory Of(Arguments arguments) => In(arguments.Find(Folder));

    /// <summary>Fetches a round's evidence and checks it, its log against the remembered head; a head that passes is remembered in the default place.</summary>
    public static async Task<BundleCheck> CheckAsync(RoundHandle round, EvidenceFile evidence, Roster roster, BundleExpectation expected, CancellationToken stop)
    {
        var heads = Default;
        var remembered = heads.Find(roster);
        await round.ExportAsync(evidence.Stream, remembered, stop);
        var check = BundleCheck.Of(await evidence.KeepAsync(), expected with { Remembered = remembered });
        if (check.Report is { Passed: true, Checkpoint: { } head }) heads.Keep(roster, head);
        return check;
    }

    /// <summary>The default place; a machine without one remembers as long as the program runs.</summary>
    public static HeadMemory Default => In(null);

    private static HeadMemory In(string? folder)
    {
        if (folder is null or "") folder = Environment.GetEnvironmentVariable("SECAGG_HEADS");
        if (folder is { Length: > 0 }) return new HeadMemory(folder);
        var data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return data.Length > 0 ? new HeadMemory(Path.Combine(data, "secagg", "heads")) : new HeadMemory();
    }
}
