using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Party.Config;

/// <summary>
/// Takes rosters that the station offers, under one rule (docs/adr/0028): the new one follows the pinned one and bears the signature of this outpost's own key,
/// so its operator has signed it at home. What is taken is on disk before anything else happens; the outpost then begins anew with it.
/// </summary>
internal sealed class RosterSwitch(OutpostOptions options, Identity identity, TimeProvider clock)
{
    /// <summary>The roster that was taken, until the outpost has begun anew with it.</summary>
    public Roster? Taken { get; private set; }

    /// <summary>Whether the outpost stops in order to begin anew with it, and not because it was told to stop.</summary>
    public bool BeginsAnew { get; set; }

    /// <summary>Takes the furthest of these rosters that may be taken.</summary>
    /// <param name="offered">Encodings of SignedRoster.</param>
    /// <param name="by">The key of who offers them, if it is not the pinned roster's station: then the roster that is taken must make it the station.</param>
    /// <returns>Null, or why none was taken, in a sentence.</returns>
    public string? Offer(IReadOnlyList<ReadOnlyMemory<byte>> offered, IdentityPublicKey? by = null)
    {
        if (Taken is not null) return null;
        try
        {
            return Take(offered, by);
        }
        catch (ConfigurationException e)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// The roster of a switch that was cut short: the pin names it, and it stands beside the one before. It is put in its place now. Null if there is none.
    /// </summary>
    public static Roster? Resume(OutpostOptions options, byte[] pin)
    {
        var path = NextFile(options);
        if (!File.Exists(path)) return null;
        var next = Identity.LoadRoster(path);
        if (!PublicBytes.Equal(next.Hash, pin)) return null;
        File.Move(path, options.Roster, overwrite: true);
        return next;
    }

    private string? Take(IReadOnlyList<ReadOnlyMemory<byte>> offered, IdentityPublicKey? by)
    {
        if (Succession.Follow(identity.Roster, offered, [.. identity.Keys.Select(k => k.Public)], out var problem) is not { } next) return problem;
        if (by is not null && !next.Aggregator.Equals(by)) return $"Roster epoch {next.Epoch} gives the station the key {next.Aggregator.Fingerprint}; who offers it has {by.Fingerprint}.";
        if (Unusable(next) is { } broken) return broken;
        try
        {
            Write(next);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Roster epoch {next.Epoch} cannot be written ({e.Message}); the outpost must be able to replace {options.Roster} and {options.RosterPinFile}.";
        }

        Taken = next;
        return null;
    }

    private static string NextFile(OutpostOptions options) => options.Roster + ".next";

    private string? Unusable(Roster next)
    {
        if (identity.Keys.Select(k => next.FindParty(k.Public)).FirstOrDefault(m => m is not null) is not { } member)
            return $"This outpost is no party in roster epoch {next.Epoch}.";
        if (clock.GetUtcNow() > next.NotAfter) return $"Roster epoch {next.Epoch} expired at {next.NotAfter:u}.";
        if (options.RosterPin.Length > 0) return "Outpost:RosterPin pins the roster in the configuration; take it out, so that the pin file counts, or change it by hand.";
        using var secrets = PairSecrets.Load(options.PreSharedKeys, next, member);
        return null;
    }

    private void Write(Roster next)
    {
        Replace(NextFile(options), next.Signed);
        // From here on the new one counts.
        Replace(options.RosterPinFile, System.Text.Encoding.ASCII.GetBytes(PublicBytes.Hex(next.Hash) + Environment.NewLine));
        File.Move(NextFile(options), options.Roster, overwrite: true);
    }

    private static void Replace(string path, byte[] content)
    {
        var part = path + ".part";
        using (var file = new FileStream(part, FileMode.Create, FileAccess.Write))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(part, path, overwrite: true);
    }
}
