using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using RoundState = SecureAggregation.Protocol.Wire.RoundState;

namespace SecureAggregation.Benchmarks;

/// <summary>A whole round, played in memory at a time in the past by the protocol's own classes: its entries as they go into a log.</summary>
internal sealed class PastRound : IMaskedVectors
{
    private readonly Dictionary<uint, byte[]> _vectors = [];
    private readonly List<Entry> _entries = [];
    private readonly DateTimeOffset _at;
    private readonly byte[] _id;

    private PastRound(NetworkWorld world, DateTimeOffset at, byte[] id)
    {
        (_at, _id) = (at, id);
        Round = new AggregatorRound(world.Roster, (_, _) => world.Shape);
    }

    public AggregatorRound Round { get; }

    public byte[] Id => _id;

    public IReadOnlyList<Entry> Entries => _entries;

    public static PastRound Play(NetworkWorld world, DateTimeOffset at)
    {
        var played = new PastRound(world, at, Guid.CreateVersion7(at).ToByteArray());
        using var random = RandomNumberGenerator.Create();
        var (parties, keys) = (new SortedDictionary<uint, PartyRound>(), new List<KeyRing>());
        try
        {
            played.Play(world, random, parties, keys);
        }
        finally
        {
            foreach (var party in parties.Values) party.Dispose();
            foreach (var ring in keys) ring.Dispose();
        }

        return played;
    }

    public Stream Open(uint party) => new MemoryStream(_vectors[party], writable: false);

    /// <summary>As the station shows it; the log has its first entry at this index.</summary>
    public RoundView View(NetworkWorld world, long first)
    {
        var projection = new RoundProjection(world.Roster, new SurveyMeaning().Results, first);
        projection.Extend(first + _entries.Count - 1);
        return projection.Of(Round);
    }

    private void Play(NetworkWorld world, RandomNumberGenerator random, SortedDictionary<uint, PartyRound> parties, List<KeyRing> keys)
    {
        var proposal = AggregatorRound.Propose(
            world.Roster, world.Query(), _id, world.Roster.Parties.Select(p => p.Index), Enumerable.Repeat(TimeSpan.FromMinutes(1), 7), world.Station);
        Append(0, proposal);
        var outbox = new Queue<(uint Party, PartyStep Step)>();
        foreach (var member in world.Roster.Parties)
        {
            keys.Add(new KeyRing(TimeSpan.Zero));
            var setup = new PartySetup
            {
                Roster = world.Roster, Index = member.Index, Identity = world.Identity((int)member.Index).Key, Memory = new ForgetfulMemory(), Keys = keys[^1], Random = random,
            };
            var party = PartyRound.Open(setup, proposal, _at);
            parties.Add(member.Index, party);
            outbox.Enqueue((member.Index, party.Join(world.Shape, _at)));
            outbox.Enqueue((member.Index, party.ProvideInput(world.Input((int)member.Index), party.Question.ChargeMicro)));
        }

        while (Round.State == RoundState.Running)
        {
            while (outbox.TryDequeue(out var said)) Bring(said.Party, said.Step);
            var broadcast = Round.Next(_at, world.Station, this) ?? throw new InvalidOperationException($"The round stands still in phase {Round.Phase}.");
            Append(0, broadcast);
            foreach (var (party, told) in Round.Deliveries(broadcast)) outbox.Enqueue((party, parties[party].Receive(told, _at)));
        }

        if (Round.State != RoundState.Done) throw new InvalidOperationException("A past round was aborted.");
    }

    private void Bring(uint party, PartyStep step)
    {
        if (step.Refusal != RefusalCode.Unspecified) throw new InvalidOperationException($"Party {party} refused ({step.Refusal}): {step.Detail}");
        foreach (var message in step.Messages)
        {
            var offer = Round.Consider(party, message, _at);
            if (offer.Outcome == OfferOutcome.Accept) Append(party + 1, message, offer);
        }

        if (step.Vector?.ToArray() is not { } vector) return;
        using var intake = Round.BeginVector(party)!;
        if (!intake.TryAppend(vector) || !intake.Complete()) throw new InvalidOperationException("The vector is not the one that was announced.");
        _vectors[party] = vector;
        Round.MarkVectorStored(party);
    }

    private void Append(uint sender, Envelope envelope, Offer? offer = null)
    {
        var entry = new Entry { RoundId = ByteString.CopyFrom(_id), TimeMs = (ulong)_at.ToUnixTimeMilliseconds(), Sender = sender, Envelope = envelope };
        _entries.Add(entry);
        Round.Apply(entry, offer);
    }
}
