using System.Text.Json;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>One round of Vectors/*.json (tools/vectors/README.md says what its fields mean).</summary>
internal sealed class VectorRound
{
    private readonly List<VectorMessage> _messages;

    public VectorRound(string name)
    {
        Json = Read(name);
        Roster = Roster.Open(Json.GetProperty("roster").Bytes("signed"));
        Shape = new RoundShape(Json.Number("bits"), Json.Number("length"));
        Now = DateTimeOffset.FromUnixTimeSeconds(Json.Number("now"));
        Station = IdentityKey.Import(Json.GetProperty("roster").GetProperty("aggregator").Bytes("private"));
        _messages = [.. Json.GetProperty("messages").EnumerateArray().Select(m => new VectorMessage(m))];
    }

    public static IEnumerable<string> Rounds => Names("");

    public static IEnumerable<string> Negatives => Names("negative");

    public JsonElement Json { get; }

    public Roster Roster { get; }

    public RoundShape Shape { get; }

    public DateTimeOffset Now { get; }

    public IdentityKey Station { get; }

    public IReadOnlyList<VectorMessage> Messages => _messages;

    public JsonElement Derived => Json.GetProperty("intermediate");

    public IEnumerable<JsonElement> Parties => Json.GetProperty("parties").EnumerateArray();

    public JsonElement Party(uint index) => Parties.Single(p => p.Number("index") == index);

    /// <summary>Puts another message in the place of a step's.</summary>
    public void Replace(int step, VectorMessage message) => _messages[step] = message;

    /// <summary>Holds what a round has been bound to, and who was in each phase, against the vector.</summary>
    public void CheckContextsAndSets(RoundRecord record)
    {
        Assert.Equal(Derived.Bytes("context0"), record.Contexts.Context0);
        Assert.Equal(Derived.Bytes("context1"), record.Contexts.Context1);
        Assert.Equal(Derived.Bytes("context2"), record.Contexts.Context2);
        Assert.Equal(Derived.Bytes("d3"), record.Contexts.Survivors);
        Assert.Equal(Derived.Set("u1"), record.Advertised.Keys);
        Assert.Equal(Derived.Set("u2"), record.Shared.Keys);
        Assert.Equal(Derived.Set("u3"), record.Survivors.Keys);
    }

    public static JsonElement Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", name)));
        return document.RootElement.Clone();
    }

    /// <summary>A party with the keys and the tape of the vector.</summary>
    public PartySetup Setup(uint index, TapeRandom tape)
    {
        var party = Party(index);
        return new PartySetup
        {
            Roster = Roster, Index = index, Identity = IdentityKey.Import(party.Bytes("identity_private")), Memory = new MemoryParty(), Random = tape,
            Keys = KeyRing.Fixed(AgreementKey.Import(party.Bytes("ephemeral_private")), DateTimeOffset.FromUnixTimeSeconds(party.Number("key_not_after"))),
            PreSharedKeys = PreShared(index),
        };
    }

    public TapeRandom Tape(uint index) => new(Party(index).Bytes("tape"));

    public RingVector Input(uint index)
    {
        var input = new RingVector(Shape.Bits, Shape.Length);
        foreach (var (i, x) in Party(index).GetProperty("x").EnumerateArray().Index()) input[i] = ulong.Parse(x.GetString()!);
        return input;
    }

    /// <summary>
    /// Plays the messages in order to a station until <paramref name="end"/>. Where the vector has a broadcast, the station must want to send that one.
    /// </summary>
    public StationHost PlayStation(int end)
    {
        var host = new StationHost(Roster, Shape) { Key = Station };
        var now = Now;
        foreach (var message in Messages.Take(end))
        {
            if (message.From is { } party)
            {
                var offer = host.Offer(party, message.Envelope, now);
                Assert.True(offer.Outcome == OfferOutcome.Accept, $"Step {message.Step}: {offer}");
                if (message.Vector is { } vector) Assert.True(host.Vector(party, vector));
                continue;
            }

            if (message.Kind != MessageKind.Propose)
            {
                var own = host.Round.Next(now, Station, host);
                if (own is null) own = host.Round.Next(now = host.Round.Deadline!.Value, Station, host);
                Assert.Equal(message.Kind, own!.Kind);
                Assert.Equal(message.Envelope.Body, own.Body);
            }

            host.Broadcast(message.Envelope, now);
            foreach (var (to, broadcast) in host.Round.Deliveries(message.Envelope)) Assert.Equal(message.For(to), broadcast.Deliveries);
        }

        return host;
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Vectors", folder), "*.json").Select(f => Path.Combine(folder, Path.GetFileName(f))).Order();

    private Dictionary<uint, SecretBytes> PreShared(uint index)
    {
        var keys = new Dictionary<uint, SecretBytes>();
        foreach (var pair in Json.GetProperty("pre_shared_keys").EnumerateArray())
        {
            var (lower, higher) = ((uint)pair.Number("lower"), (uint)pair.Number("higher"));
            if (index == lower || index == higher) keys.Add(index == lower ? higher : lower, SecretBytes.Copy(pair.Bytes("key")));
        }

        return keys;
    }
}

/// <summary>One message of a vector.</summary>
internal sealed class VectorMessage
{
    private readonly Dictionary<uint, List<Delivery>> _deliveries = [];

    public VectorMessage(JsonElement json)
    {
        Step = json.TryGetProperty("step", out var step) ? step.GetInt32() : -1;
        From = json.GetProperty("from").ValueKind == JsonValueKind.Number ? (uint)json.Number("from") : null;
        Kind = Enum.Parse<MessageKind>(json.Text("kind"), ignoreCase: true);
        Envelope = new Envelope { Kind = Kind, Body = ByteString.CopyFrom(json.Bytes("body")), Signature = ByteString.CopyFrom(json.Bytes("signature")) };
        Envelope.Detached.Add(json.GetProperty("detached").EnumerateArray().Select(d => ByteString.CopyFrom(Convert.FromHexString(d.GetString()!))));
        Vector = json.TryGetProperty("vector", out _) ? json.Bytes("vector") : null;
        if (!json.TryGetProperty("deliveries", out var deliveries)) return;
        foreach (var party in deliveries.EnumerateArray())
        {
            _deliveries.Add((uint)party.Number("party"), [.. party.GetProperty("from_dealers").EnumerateArray().Select(Read)]);
        }
    }

    public int Step { get; }

    /// <summary>The party, or null for the station.</summary>
    public uint? From { get; }

    public MessageKind Kind { get; }

    public Envelope Envelope { get; }

    public byte[]? Vector { get; }

    public IReadOnlyList<Delivery> For(uint party) => _deliveries.GetValueOrDefault(party) ?? [];

    public Broadcast BroadcastTo(uint party)
    {
        var broadcast = new Broadcast { Envelope = Envelope };
        broadcast.Deliveries.Add(For(party));
        return broadcast;
    }

    private static Delivery Read(JsonElement json)
    {
        var delivery = new Delivery { Dealer = (uint)json.Number("dealer"), Entry = ByteString.CopyFrom(json.Bytes("entry")) };
        delivery.Path.Add(json.GetProperty("path").EnumerateArray().Select(n => ByteString.CopyFrom(Convert.FromHexString(n.GetString()!))));
        return delivery;
    }
}

internal static class JsonReading
{
    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;

    public static int Number(this JsonElement json, string name) => json.GetProperty(name).GetInt32();

    public static byte[] Bytes(this JsonElement json, string name) => Convert.FromHexString(json.Text(name));

    public static IEnumerable<uint> Set(this JsonElement json, string name) => json.GetProperty(name).EnumerateArray().Select(i => i.GetUInt32());
}
