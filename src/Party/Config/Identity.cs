using System.Security.Cryptography;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Party.Config;

/// <summary>Who this outpost is: its key, and its place in a roster that was pinned when a person compared the words.</summary>
internal sealed class Identity : IDisposable
{
    private const int MaxKeyBytes = 16 * 1024;

    /// <summary>A key and its place in a roster that have been checked against each other.</summary>
    internal Identity(Roster roster, RosterMember member, IdentityKey key)
    {
        Roster = roster;
        Member = member;
        Key = key;
    }

    public Roster Roster { get; }

    /// <summary>This outpost in the roster.</summary>
    public RosterMember Member { get; }

    public IdentityKey Key { get; }

    /// <summary>Reads key, roster and pin and holds them against each other.</summary>
    /// <exception cref="ConfigurationException">One of them is missing or broken, or they do not belong together.</exception>
    public static Identity Load(OutpostOptions options, DateTimeOffset now)
    {
        var roster = LoadRoster(options.Roster);
        var pin = Pin(options);
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
        if (roster.FindParty(key.Public) is { } member) return new Identity(roster, member, key);
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

    public void Dispose() => Key.Dispose();

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

    private static IdentityKey LoadKey(string path)
    {
        if (path.Length == 0)
            throw new ConfigurationException("Outpost:Key is not set; it must name the PEM file of this outpost's identity key.");
        var bytes = SecretFile.ReadSecret(path, MaxKeyBytes, "Key");
        try
        {
            return IdentityKey.FromPem(System.Text.Encoding.UTF8.GetString(bytes));
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
