using System.Reflection;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Client.Tests;

/// <summary>A station's log as the SDK is given it: a roster, entries of other rounds, and rounds that really took place. It can be cut off, and it can lie.</summary>
internal sealed class LogOfRounds
{
    private Members _members;
    private readonly List<byte[]> _leaves = [];
    private readonly Dictionary<string, RealRound> _rounds = [];

    public LogOfRounds(Members members)
    {
        _members = members;
        _leaves.Add(new Entry { Envelope = new Envelope { Kind = MessageKind.Roster, Body = ByteString.CopyFrom(members.Roster.Signed) } }.ToByteArray());
        Consortium = DispatchProxy.Create<IConsortium, Answers>();
        ((Answers)Consortium).Log = this;
    }

    public IConsortium Consortium { get; }

    public int Size => _leaves.Count;

    /// <summary>Entries that are given out before the station is gone; the tests set it.</summary>
    public int Gives { get; set; } = int.MaxValue;

    public int Asked { get; private set; }

    public Checkpoint Head
    {
        get
        {
            var head = Checkpoint.Create(_members.Roster.LogOrigin, _leaves.Count, MerkleTree.Root([.. _leaves.Select(l => MerkleTree.LeafHash(l))]), _members.Station);
            return Cosigned ? _members.Roster.Parties.Aggregate(head, (signed, party) => signed.TryAdd(_members.Roster, party, head.Cosign(_members.Parties[(int)party.Index]))!) : head;
        }
    }

    /// <summary>Whether all parties of the roster in force sign its heads; the tests set it.</summary>
    public bool Cosigned { get; set; }

    /// <summary>The head before each later roster; tests change them.</summary>
    public List<Checkpoint> Kept { get; } = [];

    /// <summary>Puts the next roster in force, with the act that says who brought it before it or behind it, or with none.</summary>
    public LogOfRounds Follow(Members next, string? published = "Dr. Vega", string? started = null)
    {
        Kept.Add(Head);
        if (published is not null) Do(RosterActs.Of(next.Roster, published));
        _members = next;
        _leaves.Add(new Entry { Envelope = new Envelope { Kind = MessageKind.Roster, Body = ByteString.CopyFrom(next.Roster.Signed) } }.ToByteArray());
        return started is null ? this : Do(RosterActs.Of(next.Roster, started));
    }

    public LogOfRounds Fill(int entries)
    {
        for (var i = 0; i < entries; i++)
            _leaves.Add(new Entry { RoundId = ByteString.CopyFrom(new byte[16]), TimeMs = (ulong)_leaves.Count, Envelope = new Envelope { Kind = MessageKind.Propose } }.ToByteArray());
        return this;
    }

    /// <summary>An administrative act, signed by the station or by somebody else.</summary>
    public LogOfRounds Do(Act act, IdentityKey? signer = null)
    {
        _leaves.Add(ActEntry.Create(_members.Roster, act, signer ?? _members.Station, DateTimeOffset.UnixEpoch).ToByteArray());
        return this;
    }

    /// <summary>An act that a member has signed.</summary>
    public LogOfRounds Do(Envelope signed)
    {
        _leaves.Add(ActEntry.Of(signed, DateTimeOffset.UnixEpoch).ToByteArray());
        return this;
    }

    public LogOfRounds Play(RealRound round)
    {
        _leaves.AddRange(round.Log);
        _rounds.Add(Convert.ToHexStringLower(round.RoundId.Span), round);
        return this;
    }

    /// <summary>Rewrites an entry: another history.</summary>
    public LogOfRounds Forge(int index)
    {
        _leaves[index] = new Entry { TimeMs = 7 }.ToByteArray();
        return this;
    }

    private List<byte[]> List(int start, int limit)
    {
        Asked++;
        var count = Math.Min(Math.Min(limit, 100), Math.Min(_leaves.Count, Gives) - start);
        return count > 0 ? _leaves.GetRange(start, count) : start < _leaves.Count ? throw new StationUnavailableException("The station is gone.") : [];
    }

    private long Export(byte[] roundId, Stream destination)
    {
        destination.Write(_rounds[Convert.ToHexStringLower(roundId)].Bundle);
        return destination.Position;
    }

    public class Answers : DispatchProxy
    {
        internal LogOfRounds Log { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod?.Name switch
        {
            nameof(IConsortium.GetCheckpointAsync) => Task.FromResult(Log.Head),
            nameof(IConsortium.GetEvidenceHeadAsync) => Task.FromResult(Log.Kept.Find(head => head.Size > (long)args![0]!) ?? Log.Head),
            nameof(IConsortium.ListEntriesAsync) => Listed((long)args![0]!, (int)args[1]!),
            nameof(IConsortium.ExportBundleAsync) => Task.FromResult(Log.Export((byte[])args![0]!, (Stream)args[1]!)),
            _ => throw new NotSupportedException(),
        };

        private async Task<IReadOnlyList<byte[]>> Listed(long start, int limit)
        {
            await Task.Yield();
            return Log.List((int)start, limit);
        }
    }
}
