using SecureAggregation.Aggregator.Security;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>The station's keys and roster file, and its data folder, taken for this process alone. Which key counts the newest roster of the log says, so that is looked at when it is open.</summary>
internal sealed class StationFiles : IDisposable
{
    private const string LockName = "station.lock";
    private const string TranscriptName = "transcript.db";
    private const string VectorsName = "vectors";

    // May be there before the first start: accounts are made by a command of their own.
    private static readonly string[] s_rights = ["accounts.json", "accounts.json.lock", "tokens.json", "token-key.pem"];

    public const UnixFileMode Foreign =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly FileStream _lock;

    private StationFiles(StationKeys keys, Roster roster, string data, FileStream held) => (Keys, Roster, DataDirectory, _lock) = (keys, roster, data, held);

    /// <summary>The station's identity.</summary>
    public StationKeys Keys { get; }

    public Roster Roster { get; }

    public string DataDirectory { get; }

    public string Transcript => TranscriptIn(DataDirectory);

    public string Vectors => VectorsIn(DataDirectory);

    public static string TranscriptIn(string folder) => Path.Combine(folder, TranscriptName);

    public static string VectorsIn(string folder) => Path.Combine(folder, VectorsName);

    /// <summary>Whether a file of the data folder is neither transcript nor a lock nor half-written: what else a station keeps there belongs to a backup as it is.</summary>
    public static bool IsExtra(string name) => !name.StartsWith(TranscriptName, StringComparison.Ordinal) && !name.EndsWith(".lock", StringComparison.Ordinal) && !name.EndsWith(".part", StringComparison.Ordinal) && !name.EndsWith(".new", StringComparison.Ordinal);

    /// <summary>Accounts and keys of the REST interface.</summary>
    public static string Accounts(string data) => Path.Combine(data, s_rights[0]);

    /// <summary>Tokens with which sessions are renewed, as hashes.</summary>
    public string Tokens => Path.Combine(DataDirectory, s_rights[2]);

    /// <summary>The key that signs access tokens.</summary>
    public string TokenKey => Path.Combine(DataDirectory, s_rights[3]);

    /// <exception cref="StartException">A file is missing or wrong, or the folder cannot be used.</exception>
    public static StationFiles Open(StationOptions options)
    {
        var keys = StationKeys.Open(options.KeyFile);
        try
        {
            return new StationFiles(keys, ParseRoster(options.RosterFile), Path.GetFullPath(options.DataDirectory), Take(options));
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Keys.Dispose();
        _lock.Dispose();
    }

    private static Roster ParseRoster(string file)
    {
        try
        {
            return Roster.Open(File.ReadAllBytes(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException(ExitCode.Identity, $"The roster file {file} cannot be read: {e.Message}", e);
        }
        catch (RosterException e)
        {
            throw new StartException(ExitCode.Identity, $"{file}: {e.Message}", e);
        }
    }

    private static FileStream Take(StationOptions options)
    {
        var (folder, database) = (options.DataDirectory, options.Database.Length > 0);
        try
        {
            // A folder that is there keeps the mode that it was given.
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var strangers = Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Where(name => name != LockName && !s_rights.Contains(name)).ToList();
            if (database && strangers.Contains(TranscriptName))
            {
                throw new StartException(
                    ExitCode.DataDirectory,
                    $"The data folder {folder} holds a {TranscriptName}, but Station:Database names a database: a log is in one place only. Leave out the database, or give the station another folder.");
            }

            if (database) strangers.Remove(VectorsName);
            if (strangers.Count > 0 && (database || !strangers.Contains(TranscriptName)))
            {
                throw new StartException(
                    ExitCode.DataDirectory,
                    $"The data folder {folder} is not empty ({strangers[0]}) and {(database ? "the transcript is in a database" : $"holds no {TranscriptName}")}. A new log begins in an empty folder only; if this is the old folder, restore its transcript.");
            }

            return new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException(ExitCode.DataDirectory, $"The data folder {folder} cannot be used, or another station uses it: {e.Message}", e);
        }
    }
}
