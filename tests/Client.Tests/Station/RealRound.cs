using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Testing;

/// <summary>A round that really took place, in memory: five outposts of 184 rows each, masked, summed and opened, with the bundle of its evidence.</summary>
public sealed class RealRound : IMaskedVectors
{
    public const int RowsEach = 184;

    private readonly Members _members;
    private readonly DateTimeOffset _now;
    private readonly AggregatorRound _station;
    private readonly SortedDictionary<uint, PartyRound> _parties = [];
    private readonly Dictionary<uint, byte[]> _vectors = [];
    private readonly List<byte[]> _log = [];
    private readonly Queue<(uint Party, PartyStep Step)> _outbox = new();

    public RealRound(Members members, DateTimeOffset now, int n = 1)
    {
        (_members, _now) = (members, now);
        RoundId = Scenario.Id(n);
        _station = new AggregatorRound(members.Roster, (question, invited) => Shape(Layout(question, invited)));
        Play();
        Bundle = Write();
    }

    public ByteString RoundId { get; }

    public ByteString QueryId => _station.Question.Query.QueryId;

    /// <summary>Hash of what it asks: <see cref="Question.ContentOf"/>.</summary>
    public ByteString Content => ByteString.CopyFrom(Question.ContentOf(_station.Question.Query));

    public byte[] Bundle { get; }

    /// <summary>Its entries, as they are hashed into a log.</summary>
    public IReadOnlyList<byte[]> Log => _log;

    public IReadOnlyList<uint> Survivors => _station.Survivors;

    public ReadOnlySpan<byte> PackedTotal => _station.Total!.Packed.Span;

    public Stream Open(uint party) => new MemoryStream(_vectors[party], writable: false);

    private static VectorLayout Layout(Question question, int invited) =>
        VectorLayout.Create(Analysis.Decode(question.Query.Analysis.Span), new MicroEpsilon((long)question.Query.EpsilonMicro), (NoiseMode)question.Query.Noise, invited, question.HonestFloor);

    private static RoundShape Shape(VectorLayout layout) => new(layout.Bits, layout.Length);

    private void Play()
    {
        var analysis = new Analysis([], [new Statistics.ColumnMeasure(Statistics.MeasureKind.Count)], where: null, [], Statistics.RowRule.OneRowPerPerson);
        var signed = Question.Sign(
            new Query
            {
                RosterHash = ByteString.CopyFrom(_members.Roster.Hash), QueryId = Scenario.Id(200), NotAfter = (ulong)_now.AddHours(1).ToUnixTimeSeconds(), Attempts = 1,
                Title = "Patients", Dataset = "patients", EpsilonMicro = 1_000_000, Noise = QueryNoise.Local, Analysis = ByteString.CopyFrom(analysis.Encode()),
                CoordinatorKey = ByteString.CopyFrom(_members.Coordinator.Public.Point),
            },
            _members.Coordinator);
        var proposal = AggregatorRound.Propose(
            _members.Roster, signed, RoundId.ToByteArray(), _members.Roster.Parties.Select(p => p.Index), Enumerable.Repeat(TimeSpan.FromMinutes(1), 7), _members.Station);
        Append(0, proposal);
        foreach (var member in _members.Roster.Parties)
        {
            var party = PartyRound.Open(
                new PartySetup
                {
                    Roster = _members.Roster, Index = member.Index, Identity = _members.Parties[(int)member.Index], Memory = new NoDisk(), Keys = new KeyRing(TimeSpan.FromHours(1)),
                    Random = new SeededRandom(500 + member.Index),
                },
                proposal,
                _now);
            _parties.Add(member.Index, party);
            var shape = Shape(Layout(party.Question, party.Invited.Count));
            var cells = new RingVector(shape.Bits, shape.Length);
            cells.SetCentered(0, RowsEach);
            _outbox.Enqueue((member.Index, party.Join(shape, _now)));
            _outbox.Enqueue((member.Index, party.ProvideInput(cells, party.Question.ChargeMicro)));
        }

        while (_station.State == RoundState.Running)
        {
            Bring();
            if (_station.Next(_now, _members.Station, this) is not { } broadcast) throw new InvalidOperationException($"The round stands still in phase {_station.Phase}.");
            Append(0, broadcast);
            foreach (var (party, told) in _station.Deliveries(broadcast)) _outbox.Enqueue((party, _parties[party].Receive(told, _now)));
        }
    }

    private void Bring()
    {
        while (_outbox.TryDequeue(out var said))
        {
            foreach (var message in said.Step.Messages)
            {
                var offer = _station.Consider(said.Party, message, _now);
                if (offer.Outcome == OfferOutcome.Accept) Append(said.Party + 1, message, offer);
            }

            if (said.Step.Vector?.ToArray() is not { } vector) continue;
            using var intake = _station.BeginVector(said.Party)!;
            if (!intake.TryAppend(vector) || !intake.Complete()) throw new InvalidOperationException("The vector is not the one that was announced.");
            _vectors[said.Party] = vector;
            _station.MarkVectorStored(said.Party);
        }
    }

    private void Append(uint sender, Envelope envelope, Offer? offer = null)
    {
        var entry = new Entry { RoundId = RoundId, TimeMs = (ulong)_now.ToUnixTimeMilliseconds(), Sender = sender, Envelope = envelope };
        _log.Add(entry.ToByteArray());
        _station.Apply(entry, offer);
    }

    private byte[] Write()
    {
        var hashes = _log.ConvertAll(leaf => MerkleTree.LeafHash(leaf));
        var checkpoint = Checkpoint.Create(_members.Roster.LogOrigin, _log.Count, MerkleTree.Root(hashes), _members.Station);
        var stream = new MemoryStream();
        var writer = new BundleWriter(stream);
        writer.WriteHeader(_members.Roster, checkpoint, RoundId.ToByteArray());
        for (var i = 0; i < _log.Count; i++) writer.WriteEntry(i, _log[i], MerkleTree.InclusionProof(hashes, i));
        foreach (var party in _station.Survivors) writer.WriteVector(party, Open(party));
        return stream.ToArray();
    }

    private sealed class NoDisk : IPartyMemory
    {
        public LogPosition? LastHead => null;

        public RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed) => RefusalCode.Unspecified;

        public bool TrySignSurvivors(byte[] roundId, byte[] digest) => true;

        public void MarkReleased(byte[] roundId, byte[] queryId)
        {
        }

        public void StoreHead(LogPosition head)
        {
        }
    }
}
