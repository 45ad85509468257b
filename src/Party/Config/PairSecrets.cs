using System.Security.Cryptography;
using System.Text;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Party.Config;

/// <summary>
/// Keys that this outpost shares with single other parties, brought to both by hand. They enter the key of the pair beside the key agreement, so that
/// traffic that somebody records today stays closed for these pairs even if P-256 falls.
/// </summary>
internal sealed class PairSecrets : IDisposable
{
    private const int MaxFileBytes = 1024;
    private readonly Dictionary<uint, SecretBytes> _keys = [];

    /// <summary>By roster index.</summary>
    public IReadOnlyDictionary<uint, SecretBytes> Keys => _keys;

    /// <summary>Reads every file that is configured.</summary>
    /// <exception cref="ConfigurationException">A name is no other party's, or a file does not hold a key.</exception>
    public static PairSecrets Load(IReadOnlyDictionary<string, string> files, Roster roster, RosterMember own)
    {
        var secrets = new PairSecrets();
        try
        {
            foreach (var (name, path) in files) secrets._keys.Add(IndexOf(name, roster, own), Read(path, $"PreSharedKeys:{name}"));
            return secrets;
        }
        catch
        {
            secrets.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var key in _keys.Values) key.Dispose();
    }

    private static uint IndexOf(string name, Roster roster, RosterMember own)
    {
        var party = roster.Parties.FirstOrDefault(p => p.Name == name);
        return party is not null && party != own
            ? party.Index
            : throw SecretFile.Bad($"Outpost:PreSharedKeys has \"{name}\"; it must be the name of another party of the roster: " +
                $"{string.Join(", ", roster.Parties.Where(p => p != own).Select(p => p.Name))}.");
    }

    private static SecretBytes Read(string path, string setting)
    {
        var text = SecretFile.ReadSecret(path, MaxFileBytes, setting);
        try
        {
            var digits = Encoding.ASCII.GetString(text).Trim();
            var key = new SecretBytes(Protocol.Limits.PreSharedKey);
            if (digits.Length == 2 * key.Length && Convert.FromHexString(digits, key.Span, out _, out _) == System.Buffers.OperationStatus.Done) return key;
            key.Dispose();
            throw SecretFile.Bad($"{setting} file '{path}' does not hold a key of 64 hexadecimal digits; make one with: openssl rand -hex 32");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }
}
