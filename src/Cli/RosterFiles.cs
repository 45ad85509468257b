using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli;

/// <summary>Rosters as files: the encoding of a SignedRoster, complete or with signatures still missing.</summary>
internal static class RosterFiles
{
    public static Roster Read(string path)
    {
        try
        {
            return Roster.Open(Bytes(path));
        }
        catch (RosterException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: {e.Message}", e);
        }
    }

    public static (SignedRoster Draft, Protocol.Wire.Roster Roster) ReadDraft(string path)
    {
        try
        {
            var draft = SignedRoster.Parser.ParseFrom(Bytes(path));
            var roster = Protocol.Wire.Roster.Parser.ParseFrom(draft.Body);
            Roster.Sign(roster, []);
            return (draft, roster);
        }
        catch (Exception e) when (e is RosterException || Unreadable.Is(e))
        {
            throw new CliException(ExitCode.BadInput, $"{path} is not a roster: {e.Message}", e);
        }
    }

    /// <summary>What the founders of a roster signed.</summary>
    public static Protocol.Wire.Roster Body(Roster roster) => Protocol.Wire.Roster.Parser.ParseFrom(SignedRoster.Parser.ParseFrom(roster.Signed).Body);

    public static IEnumerable<(string Name, IdentityPublicKey Key)> Founders(Protocol.Wire.Roster roster) =>
        roster.Parties.Where(p => p.Founder).Select(p => (p.Name, new IdentityPublicKey(p.PublicKey.Span)))
            .Concat(roster.Coordinators.Concat(roster.Auditors).Where(o => o.Founder).Select(o => (o.Name, new IdentityPublicKey(o.PublicKey.Span))));

    public static List<string> Missing(SignedRoster draft, Protocol.Wire.Roster roster)
    {
        var signed = draft.Signatures.Select(s => s.PublicKey).ToHashSet();
        return [.. Founders(roster).Where(f => !signed.Contains(ByteString.CopyFrom(f.Key.Point))).Select(f => f.Name)];
    }

    /// <summary>A log's name from the consortium's: lower case, nothing but letters, digits and hyphens.</summary>
    public static string Origin(string consortium) =>
        new string([.. consortium.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]).Trim('-') + "/log";

    private static byte[] Bytes(string path) =>
        SmallFile.Bytes(path, "roster", Limits.Roster, $"the roster file {path} does not exist; draft one with `secagg roster new`");
}
