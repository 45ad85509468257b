using System.Collections;
using System.Globalization;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Backup;

/// <summary>
/// The commands backup and restore (docs/operations.md). A backup is a folder as a station on SQLite has it, whatever database the station is on, and a manifest;
/// restoring copies it into the place that the options name, and holds all of it against the signatures, as a start does.
/// </summary>
internal static class BackupDesk
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Whether the arguments are for this desk.</summary>
    public static bool Has(IReadOnlyList<string> args) => args is ["backup" or "restore", ..];

    /// <summary>Does what the arguments say.</summary>
    /// <returns>A sentence about what was done.</returns>
    /// <exception cref="StartException">It was not done; the message says why.</exception>
    public static async Task<string> Run(IReadOnlyList<string> args, IDictionary environment, StationSurroundings surroundings)
    {
        var rest = args.Skip(1).ToList();
        var bare = rest.Remove("--without-vectors");
        var folder = Path.GetFullPath(Take(rest, args[0] == "backup" ? "--to" : "--from"));
        var options = CommandLine.Read(rest, environment);
        try
        {
            return args[0] == "backup" ? await Back(options, folder, !bare, surroundings.Clock) : await Restore(options, folder, !bare, surroundings);
        }
        catch (StoreException e)
        {
            throw new StartException(e.IsDisk ? ExitCode.DataDirectory : ExitCode.Transcript, e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException(ExitCode.DataDirectory, $"{args[0]}: {e.Message}", e);
        }
    }

    private static string Take(List<string> args, string option)
    {
        var at = args.FindIndex(arg => arg == option || arg.StartsWith(option + "=", StringComparison.Ordinal));
        if (at >= 0 && args[at].Split('=', 2) is [_, { Length: > 0 } value])
        {
            args.RemoveAt(at);
            return value;
        }

        if (at < 0 || at + 1 >= args.Count) throw new StartException(ExitCode.Configuration, $"{option} is missing; it names the folder of the backup. See --help.");
        value = args[at + 1];
        args.RemoveRange(at, 2);
        return value;
    }

    private static async Task<string> Back(StationOptions options, string folder, bool withVectors, TimeProvider clock)
    {
        if (Path.Exists(folder)) throw new StartException(ExitCode.DataDirectory, $"{folder} is there already; name a folder that is not, e.g. with the date in its name.");
        var partial = folder + ".part";
        if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
        Make(partial);
        var taken = clock.GetUtcNow();
        BackupManifest manifest;
        using (var from = StationStorage.Read(options))
        {
            var transcript = new SqliteTranscriptStore(StationFiles.TranscriptIn(partial));
            using var to = new StationStorage(transcript, new FileBlobStore(StationFiles.VectorsIn(partial)));
            var copied = await StorageCopy.Copy(from, to, withVectors);
            transcript.Seal();
            manifest = BackupManifest.Of(copied, taken, CopyFiles(options.DataDirectory, partial, Extras(options.DataDirectory)));
        }

        manifest.Write(partial);
        DiskSync.FlushFolder(partial);
        Directory.Move(partial, folder);
        return $"The backup {folder} holds {Describe(manifest)}";
    }

    private static async Task<string> Restore(StationOptions options, string folder, bool withVectors, StationSurroundings surroundings)
    {
        var manifest = BackupManifest.Read(folder);
        using (var from = StationStorage.Read(folder))
        {
            CheckWhole(folder, manifest, from);
            using var files = StationFiles.Open(options);
            if (options.Database.Length == 0 && File.Exists(files.Transcript)) throw Taken(options.DataDirectory);
            using var to = surroundings.OpenStorage(options, files);
            if (to.Transcript.Head() is not null || to.Transcript.Count() > 0) throw Taken("The database");
            await StorageCopy.Copy(from, to, withVectors);
            CopyFiles(folder, options.DataDirectory, manifest.Files);
        }

        try
        {
            await StationHost.Check(options, surroundings);
        }
        catch (StartException e)
        {
            throw new StartException(e.Code, $"{e.Message} What was restored is refused by a start, too: use another backup, and an empty folder or database.", e);
        }

        return $"Restored and checked: {Describe(withVectors ? manifest : manifest with { Vectors = 0, VectorBytes = 0 })}";
    }

    /// <summary>What the manifest counts must be there before anything is written; what it is, the start's check says.</summary>
    private static void CheckWhole(string folder, BackupManifest manifest, StationStorage from)
    {
        var head = from.Transcript.Head();
        var vectors = from.Blobs.Rounds().Sum(round => from.Blobs.Parties(round).Count);
        var bytes = from.Blobs.Rounds().Sum(from.Blobs.Bytes);
        var missing = manifest.Files.FirstOrDefault(name => name != Path.GetFileName(name) || !StationFiles.IsExtra(name) || !File.Exists(Path.Combine(folder, name)));
        var wrong = head?.Size != manifest.Entries || PublicBytes.Hex(head.Root) != manifest.Root ? $"its transcript has {head?.Size ?? 0} entries"
            : vectors != manifest.Vectors || bytes != manifest.VectorBytes ? $"it has {vectors} masked vectors of {bytes} bytes"
            : missing is not null ? $"the file {missing} is not there" : null;
        if (wrong is not null)
            throw new StartException(ExitCode.DataDirectory, $"The backup {folder} is not whole: {wrong}; {BackupManifest.Name} says {Describe(manifest)}");
    }

    private static StartException Taken(string place) =>
        new(ExitCode.DataDirectory, $"{place} holds a log already; a backup is restored into an empty folder, and into an empty database or schema.");

    private static void Make(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, OwnerOnly);
    }

    private static List<string> Extras(string folder) => !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Where(StationFiles.IsExtra).Order(StringComparer.Ordinal)];

    private static IReadOnlyList<string> CopyFiles(string from, string to, IReadOnlyList<string> names)
    {
        foreach (var name in names) File.Copy(Path.Combine(from, name), Path.Combine(to, name));
        return names;
    }

    private static string Describe(BackupManifest manifest) => string.Create(
        CultureInfo.InvariantCulture,
        $"the log {manifest.Origin} at size {manifest.Entries}, root {manifest.Root}: {manifest.Rounds} rounds, {manifest.Vectors} masked vectors of {manifest.VectorBytes} bytes, {manifest.Files.Count} other files.");
}
