using System.Security.Cryptography;

namespace SecureAggregation.Client.Internal;

/// <summary>A bundle holds every survivor's vector: on disk, and gone with its handle, also when this process is killed where files can lose their name first.</summary>
internal static class TemporaryFile
{
    public static FileStream Create(string what)
    {
        var path = Path.Combine(Path.GetTempPath(), $"secagg-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.{what}");
        var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous });
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return file;
    }
}
