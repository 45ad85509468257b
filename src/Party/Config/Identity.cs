using System.Security.Cryptography;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Party.Config;

/// <summary>Who this outpost is: its key, and its place in a roster that was pinned when a person compared the words.</summary>
internal sealed class Identity : IDisposable
{
    private const int MaxKeyBytes = 16 * 1024;

    private readonly string _nextFile;
    private IdentityKey? _next;

    /// <summary>A key and its place in a roster that have been checked against each other.</summary>
    /// <param name="roster">The roster.</param>
    /// <param name="member">The key's place in it.</param>
    /// <param name="key">The key.</param>
    /// <param name="nextFile">Where the key that follows it is, once there is one.</param>
    internal Identity(Roster roster, RosterMember member, IdentityKey key, string nextFile = "")
    {
        Roster = roster;
        Member = member;
        Key = key;
        _nextFile = nextFile;
    }

    public Roster Roster { get; }

    /// <summary>This outpost in the roster.</summary>
    public RosterMember Member { get; }

    public IdentityKey Key { get; }

    /// <summary>The key that is to take its place when a roster names it; null while there is none. Its file may come while the outpost runs.</summary>
    /// <exception cref="ConfigurationException">The file is there and cannot be used.</exception>
    public IdentityKey? NextKey => _next ??= File.Exists(_nextFile) ? LoadKey(_nextFile, "NextKey") : null;

    /// <summary>Both.</summary>
    /// <exception cref="ConfigurationException">The next key's file is there and cannot be used.</exception>
    public IEnumerable<IdentityKey> Keys => NextKey is { } next ? [Key, next] : [Key];

    /// <summary>Reads key, roster and pin and holds them against each other.</summary>
    /// <exception cref="ConfigurationException">One of them is missing or broken, or they do not belong together.</exception>
    public static Identity Load(OutpostOptions options, DateTimeOffset now)
    {
        var roster = LoadRoster(options.Roster);
        var pin = Pin(options);
        if (!PublicBytes.Equal(pin, roster.Hash) && RosterSwitch.Resume(options, pin) is { } switched) roster = switched;
        if (!PublicBytes.Equal(pin, roster.Hash))
        {
            throw SecretFile.Bad(
                $"Roster '{options.Roster}' is not the one that was pinned. If the consortium has a new epoch, compare its words with " +
                    "the other operators " +
                "and pin it: secagg-outpost enrol --config …");
        }

        if (now > roster.NotAfter)
            throw SecretFile.Bad($"Roster '{options.Roster}' expired at {roster.NotAfter:u}; ask the founders for a new epoch and enrol it.");
        var key = LoadKey(options.Key);
        if (roster.FindParty(key.Public) is { } member) return new Identity(roster, member, key, options.NextKeyFile);
        if (File.Exists(options.NextKeyFile))
        {
            var next = LoadKey(options.NextKeyFile, "NextKey");
            if (roster.FindParty(next.Public) is { } renewed)
            {
                key.Dispose();
                return new Identity(roster, renewed, next, PutInPlace(options) ? options.NextKeyFile : "");
            }

            next.Dispose();
        }

        var fingerprint = key.Public.Fingerprint;
        key.Dispose();
        throw SecretFile.Bad($"The key in '{options.Key}' (fingerprint {fingerprint}) is no party's in roster '{options.Roster}'; use the key that " +
            "was enrolled, or ask for a new epoch.");
    }

    /// <summary>Reads a signed roster and checks its signatures.</summary>
    /// <exception cref="ConfigurationException">Not there, or not a roster signed by all its founders.</exception>
    public static Roster LoadRoster(string path)
    {
        if (path.Length == 0) throw new ConfigurationException("Outpost:Roster is not set; it must name the file with the signed roster.");
        var bytes = SecretFile.Read(path, Limits.Roster, "Roster");
        try
        {
            return Roster.Open(bytes);
        }
        catch (RosterException e)
        {
            throw SecretFile.Bad($"Roster '{path}': {e.Message}", e);
        }
    }

    public void Dispose()
    {
        Key.Dispose();
        _next?.Dispose();
    }

    private static byte[] Pin(OutpostOptions options)
    {
        var (text, where) = options.RosterPin.Length > 0
            ? (options.RosterPin, "Outpost:RosterPin")
            : File.Exists(options.RosterPinFile)
                ? (File.ReadAllText(options.RosterPinFile), $"'{options.RosterPinFile}'")
                : throw SecretFile.Bad($"No roster is pinned: '{options.RosterPinFile}' does not exist. Compare the roster's words with the other " +
                    "operators and pin it: secagg-outpost enrol --config …");
        try
        {
            var pin = Convert.FromHexString(text.Trim());
            if (pin.Length == SHA256.HashSizeInBytes) return pin;
        }
        catch (FormatException)
        {
            // Said below.
        }

        throw SecretFile.Bad($"{where} is not a roster hash; it must be 64 hexadecimal digits, as written by secagg-outpost enrol.");
    }

    /// <summary>The next key becomes the key, and the one before is kept beside it. Where that cannot be done, it is used from where it is.</summary>
    private static bool PutInPlace(OutpostOptions options)
    {
        try
        {
            // A copy: at no moment is there no key, however the machine stops.
            File.Copy(options.Key, options.Key + ".old", overwrite: true);
            File.Move(options.NextKeyFile, options.Key, overwrite: true);
            if (File.Exists(options.NextKeyFile + ".pub")) File.Move(options.NextKeyFile + ".pub", options.Key + ".pub", overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static IdentityKey LoadKey(string path, string setting = "Key")
    {
        if (path.Length == 0)
            throw new ConfigurationException("Outpost:Key is not set; it must name the PEM file of this outpost's identity key.");
        var bytes = SecretFile.ReadSecret(path, MaxKeyBytes, setting);
        try
        {
            return IdentityKey.FromPem(bytes);
        }
        catch (CryptographicException e)
        {
            throw SecretFile.Bad($"Key file '{path}': {e.Message}", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
