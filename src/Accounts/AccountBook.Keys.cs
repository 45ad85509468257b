using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SecureAggregation.Accounts;

/// <content>Keys of services.</content>
public sealed partial class AccountBook
{
    /// <summary>How each key begins, so that people and scanners know one when they see it.</summary>
    public const string KeyPrefix = "sak_";

    /// <summary>Longest life of a key.</summary>
    public static readonly TimeSpan LongestKeyLife = TimeSpan.FromDays(366);

    private const int KeySize = 32;
    private const int MostKeys = 1000;

    /// <summary>Every key, those that have expired too, by name.</summary>
    public IReadOnlyList<ApiKey> Keys
    {
        get
        {
            lock (_gate) return [.. (_file.Keys ?? []).Select(k => k.Public()).OrderBy(k => k.Name, StringComparer.OrdinalIgnoreCase)];
        }
    }

    /// <summary>Makes a key: "sak_" and 43 letters, digits, dashes and underscores (256 random bits), returned once and kept as its hash.</summary>
    /// <param name="name">Taken by no key yet.</param>
    /// <param name="may">What it may do, one thing at least.</param>
    /// <param name="studies">The studies that it may see and ask for; null for all.</param>
    /// <param name="life">How long it may be used, at most <see cref="LongestKeyLife"/>.</param>
    /// <param name="by">Who makes it.</param>
    /// <exception cref="AccountException">A rule is broken.</exception>
    public (ApiKey Key, string Text) AddKey(string name, IEnumerable<Permission> may, IReadOnlyCollection<string>? studies, TimeSpan life, string by = "")
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(by);
        if ((AccountRules.WrongName(name) ?? AccountRules.WrongStudies(studies)) is { } wrong) throw new AccountException(wrong);
        if (life <= TimeSpan.Zero || life > LongestKeyLife) throw new AccountException($"a key lives for more than no time and at most {LongestKeyLife.TotalDays:0} days");
        string[] words = [.. may.Distinct().Order().Select(p => p.Word())];
        if (words.Length == 0) throw new AccountException("a key may do one thing at least: " + string.Join(", ", Permissions.All.Select(p => p.Word())));
        var secret = new byte[KeySize];
        _random.GetBytes(secret);
        var text = KeyPrefix + Base64Url.EncodeToString(secret);
        CryptographicOperations.ZeroMemory(secret);
        var line = new KeyLine(name, words, Convert.ToHexStringLower(HashOf(text)), NewStamp(), _time.GetUtcNow(), _time.GetUtcNow() + life, studies?.ToArray(), Named(by));
        lock (_gate)
        {
            Update(file => file.Keys is { Count: >= MostKeys } ? throw new AccountException($"there are {MostKeys} keys, the most; revoke some")
                : KeyOf(name) is null ? file with { Keys = [.. file.Keys ?? [], line] } : throw new AccountException($"there is a key {name} already; revoke it first, or choose another name"));
        }

        return (line.Public(), text);
    }

    /// <summary>Ends a key.</summary>
    /// <exception cref="AccountException">There is none of that name.</exception>
    public void RevokeKey(string name)
    {
        lock (_gate)
        {
            Update(file => KeyOf(name) is { } line ? file with { Keys = [.. file.Keys!.Where(k => k != line)] } : throw new AccountException($"there is no key {name}"));
        }
    }

    /// <summary>The key with this text, if it has not expired; null otherwise.</summary>
    public ApiKey? CheckKey(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length != KeyPrefix.Length + 43 || !text.StartsWith(KeyPrefix, StringComparison.Ordinal)) return null;
        var hash = HashOf(text);
        List<KeyLine> lines;
        lock (_gate) lines = _file.Keys ?? [];
        KeyLine? found = null;
        // All of them, whichever fits: how long it takes says nothing.
        foreach (var line in lines)
        {
            if (CryptographicOperations.FixedTimeEquals(Convert.FromHexString(line.Hash), hash)) found = line;
        }

        return found is not null && found.Expires > _time.GetUtcNow() ? found.Public() : null;
    }

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private KeyLine? KeyOf(string name) => _file.Keys?.Find(k => string.Equals(k.Name, name, StringComparison.OrdinalIgnoreCase));
}
