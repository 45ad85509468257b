using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace SecureAggregation.Accounts;

/// <summary>
/// Tokens with which a session is renewed, each good once (RFC 9700 section 4.14.2): a use gives the next one. A token that comes a second time was stolen, or its
/// thief was faster, so its whole family ends. Kept as hashes in one JSON file. Safe for use by many threads.
/// </summary>
public sealed class RefreshTokens
{
    /// <summary>How long a family lives, however often it is renewed.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(14);

    private const int LargestFile = 4 * 1024 * 1024;
    private const int MostFamilies = 10_000;
    private const int MostOfOne = 20;
    private const int IdSize = 16;
    private const int SecretSize = 32;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly RandomNumberGenerator _random;
    private readonly TimeProvider _time;
    private List<Family> _families;

    private RefreshTokens(string path, List<Family> families, RandomNumberGenerator random, TimeProvider time) => (_path, _families, _random, _time) = (path, families, random, time);

    /// <summary>Reads the families in a file; a missing file holds none.</summary>
    /// <exception cref="AccountException">The file is not one of tokens.</exception>
    public static RefreshTokens Open(string path, RandomNumberGenerator random, TimeProvider time) => new(path, File.Exists(path) ? Read(path) : [], random, time);

    /// <summary>Begins a family for a session of an account: 64 letters, digits, dashes and underscores.</summary>
    /// <param name="account">Its name.</param>
    /// <param name="stamp">Its stamp; a family whose stamp is old is worth nothing.</param>
    public string Begin(string account, string stamp)
    {
        var id = new byte[IdSize];
        _random.GetBytes(id);
        lock (_gate)
        {
            var (token, hash) = Next(id);
            var now = _time.GetUtcNow();
            var alive = _families.Where(f => f.Expires > now).ToList();
            var own = alive.Where(f => string.Equals(f.Account, account, StringComparison.OrdinalIgnoreCase)).OrderBy(f => f.Expires).ToList();
            if (own.Count >= MostOfOne) alive.Remove(own[0]);
            if (alive.Count >= MostFamilies) alive.RemoveAt(0);
            Write([.. alive, new Family(Convert.ToHexStringLower(id), account, Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(stamp))), hash, now + Life)]);
            return token;
        }
    }

    /// <summary>Uses a token: the account that it belongs to and the next token; null when it is none, too old, was used before, or <paramref name="stands"/> says that its session is over.</summary>
    /// <param name="token">What the caller sent.</param>
    /// <param name="stands">The present stamp of an account, or null if there is none of that name.</param>
    public (string Account, string Next)? Use(string token, Func<string, string?> stands)
    {
        ArgumentNullException.ThrowIfNull(stands);
        if (Split(token) is not var (id, secret)) return null;
        lock (_gate)
        {
            if (_families.Find(f => f.Id == Convert.ToHexStringLower(id)) is not { } family) return null;
            var whole = CryptographicOperations.FixedTimeEquals(Convert.FromHexString(family.Hash), SHA256.HashData(secret));
            var stamp = stands(family.Account);
            var lives = stamp is not null && family.Expires > _time.GetUtcNow()
                && CryptographicOperations.FixedTimeEquals(Convert.FromHexString(family.Stamp), SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(stamp)));
            if (!whole || !lives)
            {
                Write([.. _families.Where(f => f != family)]);
                return null;
            }

            var (next, hash) = Next(id);
            Write([.. _families.Select(f => f == family ? family with { Hash = hash } : f)]);
            return (family.Account, next);
        }
    }

    /// <summary>Ends the family of a token, if it is one's.</summary>
    public void End(string token)
    {
        if (Split(token) is not var (id, _)) return;
        lock (_gate)
        {
            var left = _families.Where(f => f.Id != Convert.ToHexStringLower(id)).ToList();
            if (left.Count < _families.Count) Write(left);
        }
    }

    private static List<Family> Read(string path)
    {
        if (new FileInfo(path).Length > LargestFile) throw new AccountException($"{path} is larger than {LargestFile} bytes; delete it, and everybody signs in again");
        try
        {
            var families = JsonSerializer.Deserialize<List<Family>>(File.ReadAllBytes(path), s_json);
            return families is not null && families.TrueForAll(f => f is { Id.Length: 2 * IdSize, Account: not null, Stamp.Length: 64, Hash.Length: 64 } && (f.Id + f.Stamp + f.Hash).All(char.IsAsciiHexDigitLower))
                ? families
                : throw new AccountException($"{path} is no list of tokens; delete it, and everybody signs in again");
        }
        catch (JsonException e)
        {
            throw new AccountException($"{path} is not JSON; delete it, and everybody signs in again: {e.Message}", e);
        }
    }

    private static (byte[] Id, byte[] Secret)? Split(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        var bytes = new byte[IdSize + SecretSize];
        return token.Length == 64 && Base64Url.IsValid(token) && Base64Url.TryDecodeFromChars(token, bytes, out var length) && length == bytes.Length ? (bytes[..IdSize], bytes[IdSize..]) : null;
    }

    private (string Token, string Hash) Next(byte[] id)
    {
        var secret = new byte[SecretSize];
        _random.GetBytes(secret);
        return (Base64Url.EncodeToString([.. id, .. secret]), Convert.ToHexStringLower(SHA256.HashData(secret)));
    }

    private void Write(List<Family> families)
    {
        PrivateFile.Write(_path, stream => JsonSerializer.Serialize(stream, families, s_json));
        _families = families;
    }

    private sealed record Family(string Id, string Account, string Stamp, string Hash, DateTimeOffset Expires)
    {
        public override string ToString() => Account;
    }
}
