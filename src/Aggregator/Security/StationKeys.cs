using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Security;

/// <summary>
/// The station's identity: the key in force, and the one that is to take its place when a roster names it, whose file may come while the station runs
/// (docs/adr/0037). Which of them counts the roster in force says, never the file alone.
/// </summary>
internal sealed class StationKeys : IDisposable
{
    // Any file that is larger is not a P-256 key.
    private const int MaxKeyFile = 16 * 1024;

    private static readonly TimeSpan s_certificateLife = TimeSpan.FromDays(3650);

    private readonly Lock _gate = new();
    private readonly string _file;
    private readonly List<IdentityKey> _handles = [];
    // The one in force may be in use while it is replaced.
    private readonly List<SecretBytes> _pems;
    private volatile Held _held;
    private volatile Held? _next;

    private StationKeys(string file, Held held) => (_file, _held, _pems) = (file, held, [held.Pem]);

    /// <summary>The key in force.</summary>
    public IdentityPublicKey Public => _held.Public;

    /// <summary>Where the key is looked for that is to follow.</summary>
    public string NextFile => _file + ".next";

    /// <exception cref="StartException">The file is missing, or no key, or open to others.</exception>
    public static StationKeys Open(string file) => new(file, Read(file));

    /// <summary>One more handle on the key in force, for use at the same time as others; the caller disposes it.</summary>
    public IdentityKey New() => IdentityKey.FromPem(_held.Pem.Span);

    /// <summary>Whether a key is the one in force or the one that is to follow.</summary>
    /// <exception cref="StartException">The file of the one that is to follow is there and cannot be used.</exception>
    public bool Has(IdentityPublicKey named) => Named(named) is not null;

    /// <summary>A handle for the log's signatures, on the key that a roster names: the one in force or the one that is to follow. It lives as long as this does.</summary>
    /// <returns>Null if neither is named.</returns>
    /// <exception cref="StartException">The file of the one that is to follow is there and cannot be used.</exception>
    public IdentityKey? Find(IdentityPublicKey named)
    {
        if (Named(named) is not { } held) return null;
        var handle = IdentityKey.FromPem(held.Pem.Span);
        lock (_gate) _handles.Add(handle);
        return handle;
    }

    /// <summary>Puts the key in force that a roster names, and its file in place of the one before.</summary>
    /// <returns>False if it is neither the one in force nor the one that is to follow.</returns>
    /// <exception cref="StartException">The file of the one that is to follow is there and cannot be used.</exception>
    public bool Use(IdentityPublicKey named)
    {
        if (Named(named) is not { } held) return false;
        if (held == _held) return true;
        _held = held;
        PutInPlace();
        return true;
    }

    /// <summary>What a server shows to whoever connects now: a certificate of the key in force.</summary>
    /// <param name="origin">The log's name, as its subject.</param>
    /// <param name="address">An address of the server.</param>
    /// <param name="now">The time.</param>
    public SslStreamCertificateContext Certificate(string origin, IPAddress address, DateTimeOffset now)
    {
        var held = _held;
        lock (_gate)
        {
            if (held.Certificate is not null) return held.Certificate;
            using var key = IdentityKey.FromPem(held.Pem.Span);
            var certificate = key.CreateCertificate(origin, now.AddDays(-1), now + s_certificateLife, [address.ToString(), "localhost"]);
            return held.Certificate = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        }
    }

    public void Dispose()
    {
        foreach (var handle in _handles) handle.Dispose();
        foreach (var pem in _pems) pem.Dispose();
    }

    private Held? Named(IdentityPublicKey named)
    {
        var held = _held;
        if (held.Public.Equals(named)) return held;
        // What was found once counts, whatever becomes of the file: a roster may be on its way into the log by it.
        if (_next?.Public.Equals(named) is true) return _next;
        if (!File.Exists(NextFile)) return null;
        var next = Read(NextFile);
        if (!next.Public.Equals(named))
        {
            next.Pem.Dispose();
            return null;
        }

        lock (_gate) _pems.Add(next.Pem);
        return _next = next;
    }

    /// <summary>The one before is kept beside it. Where files cannot be moved, the next key is used from where it is, now and at each start.</summary>
    private void PutInPlace()
    {
        try
        {
            File.Copy(_file, _file + ".old", overwrite: true);
            File.Move(NextFile, _file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The roster says which of the two counts.
        }
    }

    private static Held Read(string file)
    {
        if (!File.Exists(file)) throw new StartException(ExitCode.Identity, $"The key file {file} does not exist; name the station's key with --key FILE (secagg keygen makes one, before the roster).");
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & StationFiles.Foreign) != UnixFileMode.None)
                throw new StartException(ExitCode.Identity, $"The key file {file} is open to other users of this machine; close it: chmod 600 '{file}'");
            var pem = SecretBytes.ReadFile(file, MaxKeyFile) ?? throw new StartException(ExitCode.Identity, $"The key file {file} has more than {MaxKeyFile} bytes; is it the right file?");
            try
            {
                using var key = IdentityKey.FromPem(pem.Span);
                return new Held(pem, key.Public);
            }
            catch
            {
                pem.Dispose();
                throw;
            }
        }
        catch (CryptographicException e)
        {
            throw new StartException(ExitCode.Identity, $"{file}: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException(ExitCode.Identity, $"The key file {file} cannot be read: {e.Message}", e);
        }
    }

    private sealed class Held(SecretBytes pem, IdentityPublicKey key)
    {
        public SecretBytes Pem { get; } = pem;

        public IdentityPublicKey Public { get; } = key;

        public SslStreamCertificateContext? Certificate { get; set; }
    }
}
