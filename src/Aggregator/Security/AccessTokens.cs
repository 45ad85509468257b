using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Security;

/// <summary>
/// Makes the station's access tokens (JWT, ES256) with a key of their own: the identity key signs the log and nothing else. A token names an account and the mark that it
/// had; roles are looked up at each call, so that a change takes effect at once.
/// </summary>
internal sealed class AccessTokens : IDisposable
{
    public const string MarkClaim = "mark";
    private const int MaxKeyFile = 16 * 1024;
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(30);

    private readonly ECDsa _key;
    private readonly SigningCredentials _credentials;
    private readonly TimeProvider _clock;
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };

    private AccessTokens(ECDsa key, string logOrigin, TimeProvider clock)
    {
        (_key, _clock) = (key, clock);
        // The log's name alone would not tell a token of the station from one of somebody who signs for the log.
        Issuer = $"secagg-station:{logOrigin}";
        Audience = $"secagg-rest:{logOrigin}";
        var security = new ECDsaSecurityKey(key)
        {
            KeyId = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16],
            // The process-wide cache would outlive the key.
            CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false },
        };
        _credentials = new SigningCredentials(security, SecurityAlgorithms.EcdsaSha256);
    }

    public string Issuer { get; }

    public string Audience { get; }

    /// <summary>What a token must be like.</summary>
    public TokenValidationParameters Validation => new()
    {
        ValidIssuer = Issuer,
        ValidAudience = Audience,
        IssuerSigningKey = _credentials.Key,
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        ValidTypes = ["at+jwt"],
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        NameClaimType = JwtRegisteredClaimNames.Sub,
        // By the station's clock. Between one machine and itself no skew is allowed.
        LifetimeValidator = (from, to, _, _) => to > _clock.GetUtcNow().UtcDateTime && from <= _clock.GetUtcNow().UtcDateTime.AddSeconds(1),
    };

    /// <summary>Reads the key, or makes it.</summary>
    /// <exception cref="AccountException">The file holds no such key.</exception>
    public static AccessTokens Open(string path, string logOrigin, TimeProvider clock)
    {
        // Whoever has read it can sign in as anybody: the marks stand in the log.
        if (!OperatingSystem.IsWindows() && File.Exists(path) && (File.GetUnixFileMode(path) & StationFiles.Foreign) != UnixFileMode.None)
            throw new AccountException($"{path} is open to other users of this machine; if nobody else can have read it, close it: chmod 600 '{path}'; else delete it, and the station makes a new one (everybody signs in again)");
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            if (File.Exists(path)) Import(key, path);
            else PrivateFile.Write(path, stream => stream.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem())));
            return new AccessTokens(key, logOrigin, clock);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new AccountException($"{path} holds no P-256 key in PEM; delete it, and the station makes a new one (everybody signs in again)", e);
        }
    }

    /// <summary>A token for an account, good for <see cref="Life"/>.</summary>
    public string Issue(Account account)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Life,
            SigningCredentials = _credentials,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [JwtRegisteredClaimNames.Sub] = account.Name, [MarkClaim] = Base64UrlEncoder.Encode(LoggedRights.MarkOf(account)),
            },
        });
    }

    /// <summary>32 bytes that follow from the key, for another use that has this name.</summary>
    public byte[] Derive(string use)
    {
        var secret = _key.ExportParameters(includePrivateParameters: true).D!;
        try
        {
            return HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: Encoding.UTF8.GetBytes(use));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    public void Dispose() => _key.Dispose();

    private static void Import(ECDsa key, string path)
    {
        using var pem = SecretBytes.ReadFile(path, MaxKeyFile) ?? throw new CryptographicException($"more than {MaxKeyFile} bytes");
        // A string could not be erased.
        var text = GC.AllocateArray<char>(pem.Length, pinned: true);
        try
        {
            Encoding.ASCII.GetChars(pem.Span, text);
            key.ImportFromPem(text);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(text.AsSpan()));
        }
    }
}
