using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Client;

/// <summary>One entry of the log, read and not checked: what a station sent as the leaf at that place.</summary>
public sealed record LogLeaf
{
    /// <summary>Its place in the log.</summary>
    public required long Index { get; init; }

    /// <summary>The bytes that are hashed into the log.</summary>
    public required byte[] Bytes { get; init; }

    /// <summary>Hash of the leaf, 32 bytes.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>What the leaf says; null when its bytes are not the canonical encoding of an entry.</summary>
    public Entry? Entry { get; init; }

    /// <summary>
    /// The message that the envelope bears, and what a message inside of it has as bytes of its own: the query of a proposal, the roster of a signed one. Empty when
    /// they cannot be read, as those of rejected messages need not be.
    /// </summary>
    public IReadOnlyList<IMessage> Messages { get; init; } = [];

    /// <summary>Why something could not be read; null when all was.</summary>
    public string? Problem { get; init; }

    /// <summary>Reads a leaf. Never throws for what its bytes say.</summary>
    public static LogLeaf Read(long index, byte[] leaf)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        var entry = new LogLeaf { Index = index, Bytes = leaf, Hash = MerkleTree.LeafHash(leaf) };
        try
        {
            entry = entry with { Entry = Canonical.Decode(Entry.Parser, leaf, leaf.Length) };
            if (entry.Entry.Envelope is not { } envelope) return entry with { Problem = "The entry has no envelope." };
            entry = entry with { Messages = [.. MessagesOf(envelope)] };
            return entry.Messages.Count > 0 ? entry : entry with { Problem = $"This version knows no message of kind {envelope.Kind}." };
        }
        catch (WireException e)
        {
            return entry with { Problem = e.Message };
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return entry with { Problem = $"The body is no {entry.Entry!.Envelope.Kind} in protobuf encoding." };
        }
    }

    private static IEnumerable<IMessage> MessagesOf(Envelope envelope)
    {
        var parser = envelope.Kind switch
        {
            MessageKind.Roster => SignedRoster.Parser,
            MessageKind.Act => Act.Parser,
            _ => WireManifest.ParserOf(envelope.Kind),
        };
        if (parser is null) yield break;
        var body = parser.WithDiscardUnknownFields(true).ParseFrom(envelope.Body);
        yield return body;
        if (body is Proposal proposal) yield return Query.Parser.WithDiscardUnknownFields(true).ParseFrom(proposal.Query);
        if (body is SignedRoster roster) yield return Protocol.Wire.Roster.Parser.WithDiscardUnknownFields(true).ParseFrom(roster.Body);
    }
}

/// <summary>One entry of the log with what this program has checked of it.</summary>
public sealed record EntryReport
{
    /// <summary>The entry.</summary>
    public required LogLeaf Logged { get; init; }

    /// <summary>The head that it was checked against, signed by the roster's station.</summary>
    public required Checkpoint Head { get; init; }

    /// <summary>Hashes from the leaf to the head's root, 32 bytes each.</summary>
    public required IReadOnlyList<byte[]> Path { get; init; }

    /// <summary>Whether that path leads from the leaf hash, at this place, to the head's root.</summary>
    public required bool InLog { get; init; }

    /// <summary>The sender's name in the pinned roster.</summary>
    public required string Sender { get; init; }

    /// <summary>
    /// True when the sender's signature verifies and the entry follows from those before it; false when not; null when that was not looked at, or the entry is
    /// one that the station rejected.
    /// </summary>
    public bool? Signed { get; init; }

    /// <summary>What was looked at and found, a sentence.</summary>
    public required string SignedDetail { get; init; }

    /// <summary>The rejected one would be rejected again: the station did so rightly.</summary>
    public bool RightlyRejected { get; init; }
}
