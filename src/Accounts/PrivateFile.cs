namespace SecureAggregation.Accounts;

/// <summary>Files that only their owner may read, written whole, flushed and renamed into place.</summary>
public static class PrivateFile
{
    /// <summary>Replaces a file; afterwards it is the new one to the last byte, or the old one.</summary>
    /// <param name="path">The file; its folder is there.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var draft = path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft, options))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }

    /// <summary>Holds a file back from other programs that ask in the same way, until it is disposed.</summary>
    /// <exception cref="AccountException">Another program holds it.</exception>
    internal static FileStream Hold(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        // Who can open it can hold it, and keep everybody from changing anything.
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            return new FileStream(path + ".lock", options);
        }
        catch (IOException e)
        {
            throw new AccountException($"{path} is being changed by another program; try again", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new AccountException($"{path}.lock cannot be written; give it to the user as whom this program runs: chown, mode 0600", e);
        }
    }
}
