namespace SecureAggregation.Party.Config;

/// <summary>Small files that say who this outpost is; those with a secret in them must be closed to other users.</summary>
internal static class SecretFile
{
    private const UnixFileMode Foreign =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Reads a file that holds a secret; the caller zeroes what it gets.</summary>
    /// <exception cref="ConfigurationException">It is missing, too large, not readable, or readable by others.</exception>
    public static byte[] ReadSecret(string path, int limit, string setting)
    {
        if (File.Exists(path) && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Foreign) != UnixFileMode.None)
            throw Bad($"{setting} file '{path}' is open to other users of this machine; close it: chmod 600 '{path}'");
        return Read(path, limit, setting);
    }

    /// <summary>Reads a file that anybody may read.</summary>
    /// <exception cref="ConfigurationException">It is missing, too large or not readable.</exception>
    public static byte[] Read(string path, int limit, string setting)
    {
        try
        {
            var length = new FileInfo(path).Length;
            return length <= limit
                ? File.ReadAllBytes(path)
                : throw Bad($"{setting} file '{path}' has {length} bytes; at most {limit} are read. Is it the right file?");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Bad($"{setting} file '{path}' does not exist; check Outpost:{setting} in the configuration.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Bad($"{setting} file '{path}' cannot be read; check its mode and owner.", e);
        }
    }

    public static ConfigurationException Bad(string message, Exception? inner = null) => new(message, ExitCodes.Identity, inner);
}
