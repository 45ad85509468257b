using Google.Protobuf;
using Google.Protobuf.Collections;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// What the last broadcast of a round says of the round itself: all entries before it, so that none can be left out of the transcript afterwards and none
/// slipped in, and whom they convict.
/// </summary>
internal sealed class Ending(IReadOnlyDictionary<uint, Attendance> parties, Unmasking masks)
{
    private readonly List<byte[]> _leaves = [];

    /// <summary>Counts an entry that has been applied.</summary>
    public void Add(Entry entry) => _leaves.Add(MerkleTree.LeafHash(entry.ToByteArray()));

    /// <summary>A total without its vector.</summary>
    public Total Total(IEnumerable<uint> survivors) => new()
    {
        Survivors = { survivors }, Entries = (uint)_leaves.Count, EntriesRoot = Root(), Blamed = { Convicted() },
    };

    public Abort Abort(AbortReason reason, Recovery? recovery) => new()
    {
        Reason = reason, Entries = (uint)_leaves.Count, EntriesRoot = Root(), Blamed = { Convicted(reason, recovery) },
    };

    /// <exception cref="TranscriptException">It is not of the entries that were applied.</exception>
    public void Check(Total total) => Check(total.Blamed, Convicted(), total.Entries, total.EntriesRoot);

    /// <exception cref="TranscriptException">It is not of the entries that were applied.</exception>
    public void Check(Abort abort, Recovery? recovery) => Check(abort.Blamed, Convicted(abort.Reason, recovery), abort.Entries, abort.EntriesRoot);

    private void Check(RepeatedField<Blame> blamed, IEnumerable<Blame> convicted, uint entries, ByteString root)
    {
        if (!blamed.Equals(new RepeatedField<Blame> { convicted })) throw new TranscriptException("The end of the round blames others than the log convicts.");
        if (entries != _leaves.Count) throw new TranscriptException($"The end of the round is signed over {entries} entries before it; there are {_leaves.Count}.");
        if (!root.Equals(Root())) throw new TranscriptException($"The end of the round is signed over other entries than the {_leaves.Count} before it.");
    }

    private ByteString Root() => ByteString.CopyFrom(MerkleTree.Root(_leaves));

    /// <summary>Whom the log convicts.</summary>
    private IEnumerable<Blame> Convicted(AbortReason reason = AbortReason.Unspecified, Recovery? recovery = null)
    {
        var blamed = parties.Values.Where(a => a.Blamed != BlameCode.Unspecified)
            .Select(a => new Blame { Party = a.Member.Index, Code = a.Blamed });
        if (reason == AbortReason.Unrecoverable && recovery is not null && !masks.TryGather(recovery, out var wrong)) blamed = blamed.Concat(wrong);
        return blamed.DistinctBy(b => b.Party).OrderBy(b => b.Party);
    }
}
