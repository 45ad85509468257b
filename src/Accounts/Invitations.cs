using System.Buffers.Text;
using System.Security.Cryptography;

namespace SecureAggregation.Accounts;

/// <summary>
/// Codes that let somebody choose a name and a password once, within a day. They live in memory, as hashes; a restart forgets them.
/// Safe for use by many threads.
/// </summary>
public sealed class Invitations(RandomNumberGenerator random, TimeProvider time)
{
    /// <summary>How long a code may be used.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    private const int CodeSize = 32;
    private const int MostOpen = 1000;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Invitation> _open = [];

    /// <summary>Makes a code for somebody who is to have these roles: 43 letters, digits, dashes and underscores. It is shown once.</summary>
    /// <param name="roles">One at least.</param>
    /// <param name="by">Who invites.</param>
    /// <exception cref="AccountException">Too many codes are open.</exception>
    public string Issue(IEnumerable<Role> roles, string by)
    {
        var code = new byte[CodeSize];
        random.GetBytes(code);
        lock (_gate)
        {
            Forget();
            if (_open.Count >= MostOpen) throw new AccountException($"{MostOpen} invitations are open; wait until some are used or a day old");
            _open.Add(KeyOf(code), new Invitation([.. roles.Distinct().Order()], time.GetUtcNow() + Life, by));
        }

        return Base64Url.EncodeToString(code);
    }

    /// <summary>What a code invites to; null if it was used, is too old, or never was.</summary>
    public Invitation? Find(string code) => Read(code) is { } key ? Open(key) : null;

    /// <summary>Uses a code up; false if it was used before, is too old, or never was. Of two who come at once one gets it.</summary>
    public bool TryUse(string code)
    {
        if (Read(code) is not { } key) return false;
        lock (_gate)
        {
            Forget();
            return _open.Remove(key);
        }
    }

    // A hash as key: what is compared, and when, says nothing of the code.
    private static string KeyOf(ReadOnlySpan<byte> code) => Convert.ToHexString(SHA256.HashData(code));

    private static string? Read(string code)
    {
        Span<byte> bytes = stackalloc byte[CodeSize];
        return code.Length == 43 && Base64Url.IsValid(code, out var length) && length == CodeSize && Base64Url.TryDecodeFromChars(code, bytes, out _) ? KeyOf(bytes) : null;
    }

    private Invitation? Open(string key)
    {
        lock (_gate)
        {
            Forget();
            return _open.GetValueOrDefault(key);
        }
    }

    private void Forget()
    {
        var now = time.GetUtcNow();
        foreach (var (key, _) in _open.Where(pair => pair.Value.Until <= now).ToList()) _open.Remove(key);
    }
}

/// <summary>What an invitation is good for.</summary>
/// <param name="Roles">Roles of the account that it makes.</param>
/// <param name="Until">It is worth nothing from then on.</param>
/// <param name="By">Who invited.</param>
public sealed record Invitation(IReadOnlyList<Role> Roles, DateTimeOffset Until, string By);
