using System.Security.Cryptography;
using System.Text;
using SecureAggregation.Crypto;

namespace SecureAggregation.Cli;

/// <summary>Identity keys as files: PKCS#8 PEM for the owner, SubjectPublicKeyInfo PEM beside it for everybody.</summary>
internal static class KeyFiles
{
    // Any file that is larger is not a P-256 key; it is refused before it is read.
    private const int MaxKeyFile = 16 * 1024;

    private const UnixFileMode Foreign =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    public static string PublicPath(string privatePath) => privatePath + ".pub";

    public static void Write(string path, IdentityKey key, bool overwrite)
    {
        if (Directory.Exists(path)) throw new CliException(ExitCode.BadInput, $"{path} is a folder; name a file for the key, e.g. {Path.Combine(path, "key.pem")}");
        if (!overwrite && File.Exists(path))
            throw new CliException(ExitCode.BadInput, $"{path} exists already and a lost key cannot be made again; choose another name, or --force to overwrite it");
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
        // Without the word for it not even a file that came this moment.
        using (var writer = new StreamWriter(overwrite ? OwnersFile.Create(path) : OwnersFile.Open(path, FileMode.CreateNew))) writer.WriteLine(key.ToPem());
        WritePublic(PublicPath(path), key.Public);
    }

    public static void WritePublic(string path, IdentityPublicKey key) => File.WriteAllText(path, PublicPem(key) + "\n");

    public static string PublicPem(IdentityPublicKey key) => new(PemEncoding.Write("PUBLIC KEY", key.SubjectPublicKeyInfo));

    public static IdentityKey Read(string path)
    {
        using var pem = Secret(path);
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Foreign) != UnixFileMode.None)
            throw new CliException(ExitCode.BadInput, $"the key file {path} is open to other users of this machine; close it: chmod 600 '{path}'");
        try
        {
            return IdentityKey.FromPem(pem.Span);
        }
        catch (CryptographicException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: {e.Message}", e);
        }
    }

    public static IdentityPublicKey ReadPublic(string path)
    {
        using var pem = Secret(path);
        // It is one if somebody named the wrong file.
        if (pem.Span.IndexOf("PRIVATE KEY"u8) >= 0)
            throw new CliException(ExitCode.BadInput, $"{path} is a private key, which nobody but its owner should have; a roster takes the public one, which `secagg keygen` wrote to {PublicPath(path)}");
        try
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(Encoding.ASCII.GetString(pem.Span));
            var q = key.ExportParameters(includePrivateParameters: false).Q;
            return new IdentityPublicKey([4, .. q.X!, .. q.Y!]);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or PlatformNotSupportedException)
        {
            throw new CliException(ExitCode.BadInput, $"{path} is not a public key on P-256 in PEM; `secagg keygen NAME.pem` writes one to NAME.pem.pub", e);
        }
    }

    private static SecretBytes Secret(string path) => SmallFile.Secret(path, "key", MaxKeyFile, $"the key file {path} does not exist; make one with `secagg keygen`");
}
