using System.Text.Json;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Backup;

/// <summary>The file backup.json: what the backup holds, so that what it lacks is noticed.</summary>
/// <param name="Format">1.</param>
/// <param name="Software">Who made it.</param>
/// <param name="Taken">When it was begun.</param>
/// <param name="Origin">The log's name.</param>
/// <param name="Entries">Size of the log.</param>
/// <param name="Root">Root over all entries, in hexadecimal.</param>
/// <param name="Rounds">Rounds in the log.</param>
/// <param name="Vectors">Masked vectors.</param>
/// <param name="VectorBytes">Their bytes.</param>
/// <param name="Files">Other files of the data folder.</param>
internal sealed record BackupManifest(
    int Format, string Software, DateTimeOffset Taken, string Origin, long Entries, string Root, int Rounds, int Vectors, long VectorBytes, IReadOnlyList<string> Files)
{
    public const string Name = "backup.json";

    private const int Current = 1;
    private const int LargestFile = 1024 * 1024;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static BackupManifest Of(Copied copied, DateTimeOffset taken, IReadOnlyList<string> files) => new(
        Current, StationHost.Software, taken, Checkpoint.Parse(copied.Head.Note).Origin, copied.Head.Size, PublicBytes.Hex(copied.Head.Root), copied.Rounds, copied.Vectors,
        copied.VectorBytes, files);

    public void Write(string folder) => File.WriteAllText(Path.Combine(folder, Name), JsonSerializer.Serialize(this, s_json) + "\n");

    /// <exception cref="StartException">It is not there, or is none.</exception>
    public static BackupManifest Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        try
        {
            if (new FileInfo(path).Length > LargestFile) throw new JsonException($"it has more than {LargestFile} bytes");
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new StartException(ExitCode.DataDirectory, $"{folder} is no whole backup: {path} cannot be read: {e.Message}. `backup --to` writes it last.", e);
        }
    }

    /// <exception cref="JsonException">It is none.</exception>
    internal static BackupManifest Parse(string text) => JsonSerializer.Deserialize<BackupManifest>(text, s_json) is { Format: Current, Files: not null, Root: not null } manifest && !manifest.Files.Contains(null!)
        ? manifest
        : throw new JsonException($"it is not of the format {Current} that this program reads");
}
