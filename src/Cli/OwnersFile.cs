namespace SecureAggregation.Cli;

/// <summary>Files for their owner alone (mode 0600): keys, invitations, and answers with their evidence, which are the members' to read and not this machine's.</summary>
internal static class OwnersFile
{
    /// <summary>A file of that name made anew: one that was there may have been open to others.</summary>
    public static FileStream Create(string path)
    {
        File.Delete(path);
        return Open(path, FileMode.CreateNew);
    }

    /// <summary>Opens a file. If it is made by that, it has its mode from the start, so that there is no moment at which others can read it.</summary>
    public static FileStream Open(string path, FileMode mode, FileShare share = FileShare.Read)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = share };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }
}
