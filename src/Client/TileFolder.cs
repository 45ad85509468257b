using SecureAggregation.Client.Internal;
using SecureAggregation.Protocol;

namespace SecureAggregation.Client;

/// <summary>A published log in a folder.</summary>
/// <param name="folder">Where `checkpoint` is.</param>
public sealed class TileFolder(string folder) : ITileFiles
{
    private static readonly string[] s_folders = ["tile", "entry", "head", "round", "vector"];

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellation = default)
    {
        var file = new FileInfo(Path.Combine(folder, path));
        if (!file.Exists) return null;
        var most = TilePaths.Longest(path);
        return file.Length <= most
            ? await File.ReadAllBytesAsync(file.FullName, cancellation)
            : throw new IOException($"{file.FullName} has {file.Length} bytes; this file of a log has at most {most}.");
    }

    /// <inheritdoc/>
    public IEnumerable<string> List() =>
        from sub in s_folders
        let path = Path.Combine(folder, sub)
        where Directory.Exists(path)
        from file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
        where !file.EndsWith(AtomicFile.Unfinished, StringComparison.Ordinal)
        select Path.GetRelativePath(folder, file).Replace('\\', '/');
}
