using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// The bodies of the broadcasts that follow from what parties have said: the station sends them, and whoever replays the log holds the logged ones
/// against them.
/// </summary>
internal sealed class Composer(RoundRecord record, IReadOnlyDictionary<uint, Attendance> parties, Ties ties)
{
    public Advertised Advertised()
    {
        var body = new Advertised();
        body.Advertisements.Add(Bodies(MessageKind.Advertise, parties.Values.Where(a => a.Has(MessageKind.Advertise) && !a.Left)));
        return body;
    }

    /// <summary>
    /// Those who dealt, less whoever disagrees with more neighbours about the keys of the pair than can be corrupt: only a corrupt party does. The worst go first and the
    /// rest is counted again, so that one liar takes nobody with it.
    /// </summary>
    public Shared Shared()
    {
        var dealers = Members(record.Advertised.Keys).Where(a => a.Has(MessageKind.Share) && !a.Left).Select(a => a.Member.Index).ToHashSet();
        var disputes = dealers.ToDictionary(u => u, u => record.Neighbours(u).Where(v => dealers.Contains(v) && Disagree(parties[u], parties[v])).ToHashSet());
        while (disputes.Values.Select(d => d.Count).DefaultIfEmpty().Max() is var most && most > record.MostDisputes)
        {
            foreach (var worst in disputes.Where(d => d.Value.Count == most).Select(d => d.Key).ToList())
            {
                foreach (var other in disputes[worst]) disputes[other].Remove(worst);
                disputes.Remove(worst);
            }
        }

        var body = new Shared();
        body.Shares.Add(Bodies(MessageKind.Share, Members(disputes.Keys.Order())));
        return body;
    }

    /// <summary>Those of U2 whose whole vector is stored.</summary>
    public Survivors Survivors()
    {
        var body = new Survivors();
        body.Inputs.Add(Bodies(MessageKind.Input, Members(record.Shared.Keys).Where(IsWhole)));
        return body;
    }

    public Agreed Agreed()
    {
        var body = new Agreed();
        body.Agreements.Add(Bodies(MessageKind.Agree, Members(record.Survivors.Keys).Where(a => a.Has(MessageKind.Agree))));
        return body;
    }

    /// <summary>Whether parties would refuse these survivors. To leave out more of them would not help: the holes only grow.</summary>
    public bool IsCut() => record.Graph.FindCut(p => record.Shared.ContainsKey(p) && IsWhole(parties[p])) is not null;

    /// <summary>A party whose vector was taken before a neighbour's complaint convicted it is out all the same.</summary>
    private static bool IsWhole(Attendance a) => a.VectorStored && !a.Left && !a.Failed.Contains(MessageKind.Input);

    private static IEnumerable<SignedBody> Bodies(MessageKind kind, IEnumerable<Attendance> parties) =>
        parties.Select(a => a.Get(kind)!).Select(e => new SignedBody { Body = e.Body, Signature = e.Signature });

    private static bool Disagree(Attendance a, Attendance b) =>
        !a.Entries[b.Member.Index].AgreesWith(b.Entries[a.Member.Index]);

    /// <summary>Pairs of U2 that neither mask nor share.</summary>
    public void FixDisputes()
    {
        foreach (var low in record.Shared.Keys)
        {
            foreach (var high in record.Peers(low).Where(high => low < high && Disagree(parties[low], parties[high]))) ties.Dispute(low, high);
        }
    }

    private IEnumerable<Attendance> Members(IEnumerable<uint> indices) => indices.Select(p => parties[p]);
}
