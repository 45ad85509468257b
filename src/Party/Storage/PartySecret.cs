using System.Security.Cryptography;
using SecureAggregation.Crypto;

namespace SecureAggregation.Party.Storage;

/// <summary>
/// 32 bytes that only this outpost knows: they choose which rows of a person count where a query takes fewer than there are. Kept in
/// the state directory, because the choice must be the same each time that a query is asked.
/// </summary>
internal sealed class PartySecret : IDisposable
{
    private const string FileName = "party.secret";
    private const int Size = 32;

    private readonly SecretBytes _secret;

    private PartySecret(SecretBytes secret) => _secret = secret;

    public ReadOnlySpan<byte> Span => _secret.Span;

    /// <summary>Reads the secret of a state directory, or makes it.</summary>
    /// <exception cref="StoreException">The file cannot be read or written, or has another size.</exception>
    public static PartySecret Open(string directory, RandomNumberGenerator random)
    {
        var path = Path.Combine(directory, FileName);
        var bytes = new byte[Size];
        try
        {
            if (File.Exists(path))
            {
                using var file = File.OpenRead(path);
                if (file.Length != Size)
                    throw new StoreException($"'{path}' has {file.Length} bytes; it must have {Size}. Restore it, or remove it to have a " +
                        "new one made.");
                file.ReadExactly(bytes);
            }
            else
            {
                random.GetBytes(bytes);
                var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
                if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                using var file = new FileStream(path, options);
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            return new PartySecret(SecretBytes.Copy(bytes));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"'{path}' cannot be read or written; check the state directory's owner and mode, and the disk.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    public void Dispose() => _secret.Dispose();
}
