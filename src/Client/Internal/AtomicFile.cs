namespace SecureAggregation.Client.Internal;

/// <summary>Files that are there whole or not at all, also for who reads or is killed meanwhile.</summary>
internal static class AtomicFile
{
    /// <summary>What a file is called while it is written.</summary>
    public const string Unfinished = ".part";

    /// <param name="path">Where to.</param>
    /// <param name="bytes">What.</param>
    /// <param name="flush">Whether it must survive a loss of power. Of files that are checked before they are used, it need not.</param>
    public static void Write(string path, ReadOnlySpan<byte> bytes, bool flush = true)
    {
        // Cannot be null: a file is in a folder.
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var beside = path + Unfinished;
        using (var file = new FileStream(beside, FileMode.Create, FileAccess.Write))
        {
            file.Write(bytes);
            file.Flush(flush);
        }

        File.Move(beside, path, overwrite: true);
    }
}
