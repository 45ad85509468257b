using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Wire;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Crypto;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using static SecureAggregation.Fuzz.Engine.Outcome;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>Decoders of single messages and primitives, none of which knows who sent the bytes.</summary>
internal static class CodecTargets
{
    private static readonly byte[] s_otherPoint = Consortium.Key("somebody else").Public.Point;

    /// <summary>Every message type of the protocol, in one order.</summary>
    private static readonly MessageDescriptor[] s_types =
    [
        .. new[] { CommonReflection.Descriptor, RosterReflection.Descriptor, QueryReflection.Descriptor, RoundReflection.Descriptor, TranscriptReflection.Descriptor,
            StationReflection.Descriptor, PlanReflection.Descriptor, CoordinationReflection.Descriptor, AuditReflection.Descriptor }
            .SelectMany(f => f.MessageTypes).OrderBy(t => t.Name, StringComparer.Ordinal),
    ];

    /// <summary>Points on and off the curve, and sizes of keys and digests.</summary>
    public static readonly IReadOnlyList<byte[]> Points =
    [
        s_otherPoint, OffCurve(), new byte[65], [4, .. new byte[64]], [2, .. s_otherPoint[1..33]], [0], [.. s_otherPoint, 0], new byte[32], new byte[64], new byte[16],
        Enumerable.Repeat((byte)0xFF, 65).ToArray(), [4, .. Enumerable.Repeat((byte)0xFF, 64)],
    ];

    public static IEnumerable<Target> All =>
    [
        new("canonical", 230_000, Messages, () => Canonically) { Make = Prefixed, Words = Points },
        new("wire", 180_000, Messages, () => Plainly) { Make = Prefixed, Words = Points, PerByte = 80 },
        new("party-frame", 120_000, PartyFrames, () => AsPartyFrame) { Make = Mutation.OfMessage, PerByte = 120 },
        new("total-body", 60_000, Totals, () => AsTotal) { Make = Mutation.OfMessage },
        new("ring-vector", 60_000, Vectors, () => AsVector),
        new("merkle", 60_000, Proofs, () => AsProof),
        new("point", 40_000, () => [Consortium.Station.Public.Point], () => AsPoint) { Words = Points, Make = draw => draw.OneIn(4) ? draw.Word() : Mutation.OfBytes(draw) },
        new("share-entry", 40_000, Entries, () => AsEntry),
        new("key-pem", 15_000, () => [Encoding.UTF8.GetBytes(Consortium.Station.ToPem())], () => AsPem) { Words = Pems() },
        new("certificate", 6_000, () => [Certificate()], () => AsCertificate) { Words = Points },
    ];

    /// <summary>A message behind the number of its type.</summary>
    public static byte[] Prefix(IMessage message) => [(byte)Array.IndexOf(s_types, message.Descriptor), .. message.ToByteArray()];

    private static byte[] OffCurve()
    {
        var point = (byte[])s_otherPoint.Clone();
        point[^1] ^= 1;
        return point;
    }

    private static byte[][] Messages()
    {
        var messages = Round.Everything().Concat(Round.Everything().OfType<Entry>().SelectMany(Bodies))
            .Concat(Round.All.SelectMany(r => Enumerable.Range(0, 4).Select(p => (IMessage)r.Publication((uint)p))))
            .Append(SignedRoster.Parser.ParseFrom(Round.Consortium.Roster.Signed))
            .Append(Round.Consortium.Wire)
            .Append(Round.Consortium.Query(1))
            .Concat(Views.All());
        // One of each type that nobody made here: with nothing in it.
        return [.. messages.Select(Prefix), .. s_types.Select(t => new[] { (byte)Array.IndexOf(s_types, t) })];
    }

    private static IEnumerable<IMessage> Bodies(Entry entry)
    {
        var type = s_types.FirstOrDefault(t => t.Name == (entry.Envelope.Kind == MessageKind.Propose ? nameof(Proposal) : entry.Envelope.Kind.ToString()));
        return type is null ? [] : [type.Parser.ParseFrom(entry.Envelope.Body)];
    }

    private static byte[] Prefixed(Draw draw)
    {
        var seed = draw.Seed;
        var rest = new Draw(new Testing.SeededRandom((ulong)draw.Below(int.MaxValue)), [seed[1..], .. draw.Pool], Points);
        return [draw.OneIn(50) ? draw.AnyByte() : seed[0], .. WithFirst(rest, seed[1..])];
    }

    private static byte[] WithFirst(Draw draw, byte[] message) => draw.Below(4) switch
    {
        0 => Mutation.Changed(draw, message),
        1 => WireTree.Mutated(draw, message, harsh: true),
        _ => WireTree.Mutated(draw, message, harsh: false),
    };

    private static MessageDescriptor? TypeOf(byte[] input) => input.Length > 0 && input[0] < s_types.Length ? s_types[input[0]] : null;

    private static bool Canonically(byte[] input)
    {
        if (TypeOf(input) is not { } type) return false;
        return Or<WireException>(() =>
        {
            // As the only reader of records that are a oneof does.
            if (type.RealOneofCount > 0) OneField.Require(new ReadOnlySequence<byte>(input.AsMemory(1)));
            var message = Decode(type, input.AsSpan(1), Limits.Roster);
            Must(message.ToByteArray().AsSpan().SequenceEqual(input.AsSpan(1)), "a message that was taken encodes to other bytes");
        });
    }

    private static IMessage Decode(MessageDescriptor type, ReadOnlySpan<byte> bytes, int limit) => s_decoders.GetOrAdd(type, Make)(bytes.ToArray(), limit);

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<MessageDescriptor, Func<byte[], int, IMessage>> s_decoders = new();

    private static Func<byte[], int, IMessage> Make(MessageDescriptor type) =>
        typeof(CodecTargets).GetMethod(nameof(DecodeAs), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(type.ClrType).CreateDelegate<Func<byte[], int, IMessage>>();

    private static IMessage DecodeAs<T>(byte[] bytes, int limit)
        where T : IMessage<T>, new() => Canonical.Decode(new MessageParser<T>(() => new T()), bytes, limit);

    private static bool Plainly(byte[] input) => TypeOf(input) is { } type && Readable(() =>
    {
        if (Choices.AreRepeated(type, new ReadOnlySequence<byte>(input.AsMemory(1)))) throw new WireException("A part is there twice.");
        var message = type.Parser.ParseFrom(input.AsSpan(1));
        var again = type.Parser.ParseFrom(message.ToByteArray());
        Must(again.ToByteArray().AsSpan().SequenceEqual(message.ToByteArray()), "decoding and encoding twice gives other bytes");
    });

    /// <summary>What a message of a call may throw: the reader of calls answers each with a status.</summary>
    private static bool Readable(Action decode)
    {
        try
        {
            decode();
            return true;
        }
        catch (Exception e) when (e is WireException || Unreadable.Is(e))
        {
            return false;
        }
    }

    private static byte[][] PartyFrames()
    {
        var id = ByteString.CopyFrom(new byte[16]);
        return
        [
            .. Round.All[0].Messages.Select(m => new PartyFrame { Message = new PartyMessage { RoundId = id, Envelope = m.Envelope } }.ToByteArray()),
            new PartyFrame { Budgets = new BudgetStatement { Lines = { new BudgetLine { Dataset = "heart", Scope = BudgetScope.Study, Subject = "cardio", CapMicro = 5_000_000, LeftMicro = 1 } } } }.ToByteArray(),
            new PartyFrame { Chunk = new VectorChunk { RoundId = id, Data = ByteString.CopyFrom(1, 2, 3, 4, 5) } }.ToByteArray(),
            new PartyFrame { Chunk = new VectorChunk { RoundId = id, Offset = 300, Data = ByteString.CopyFrom(new byte[200]) } }.ToByteArray(),
            new PartyFrame { Chunk = new VectorChunk { RoundId = id, Offset = ulong.MaxValue >> 1, Data = ByteString.CopyFrom(7) } }.ToByteArray(),
            .. Views.Frames().Select(f => f.ToByteArray()),
        ];
    }

    /// <summary>The fast way for parts of vectors must see what protobuf's own parser sees.</summary>
    private static bool AsPartyFrame(byte[] input) => Readable(() =>
    {
        var sequence = new ReadOnlySequence<byte>(input);
        using var fast = IncomingFrame.Read(sequence);
        var plain = PartyFrame.Parser.WithDiscardUnknownFields(true).ParseFrom(input);
        Must((fast.Other is null) == (plain.FrameCase == PartyFrame.FrameOneofCase.Chunk), "a part of a vector is taken for something else, or something else for it");
        if (fast.Other is { } other)
        {
            Must(other.Equals(plain), "the frame differs");
            // It goes into the log as it is, and whoever reads the log is strict.
            if (other.Message?.Envelope is { } envelope) Must(Readable(() => Canonical.Decode(Entry.Parser, new Entry { Envelope = envelope }.ToByteArray(), Limits.Roster)), "an envelope was taken that no verifier takes");
        }
        else
        {
            var part = plain.Chunk!;
            Must(fast.Offset == part.Offset && fast.Data.SequenceEqual(part.Data.Span) && fast.RoundId.Span.SequenceEqual(part.RoundId.Span), "the part of a vector differs");
        }
    });

    private static byte[][] Totals() => [.. Round.All.SelectMany(r => r.Log).Where(e => e.Envelope.Kind == MessageKind.Total).Select(e => e.Envelope.Body.ToByteArray())];

    private static bool AsTotal(byte[] input) => Or<RefusalException>(() =>
    {
        var total = TotalBody.Decode(ByteString.CopyFrom(input), 4096);
        Must(total.ToByteArray().AsSpan().SequenceEqual(input), "a total that was taken encodes to other bytes");
    });

    private static byte[][] Vectors() => [.. new[] { (8, 3), (19, 9), (32, 100), (62, 17), (64, 5) }.Select(v =>
    {
        using var vector = new RingVector(v.Item1, v.Item2);
        for (var i = 0; i < vector.Length; i++) vector[i] = (ulong)i * 0x123456789UL;
        return (byte[])[(byte)v.Item1, (byte)v.Item2, 0, .. vector.Pack()];
    })];

    private static bool AsVector(byte[] input)
    {
        if (input.Length < 3 || input[0] is < RingVector.MinBits or > RingVector.MaxBits) return false;
        var (bits, length) = (input[0], input[1] | (input[2] << 8));
        return Or<RingFormatException>(() =>
        {
            using var vector = RingVector.Unpack(bits, length, input.AsSpan(3));
            Must(vector.Pack().AsSpan().SequenceEqual(input.AsSpan(3)), "a vector that was taken packs to other bytes");
        });
    }

    /// <summary>Kind, two sizes of 8 bytes, then hashes: of a leaf or old root, of the root, then the path.</summary>
    private static byte[][] Proofs()
    {
        var hashes = Enumerable.Range(0, 13).Select(i => MerkleTree.LeafHash([(byte)i])).ToList();
        var root = MerkleTree.Root(hashes);
        return
        [
            .. Enumerable.Range(0, 13).Select(i => (byte[])[0, .. BitConverter.GetBytes((long)i), .. BitConverter.GetBytes(13L), .. hashes[i], .. root, .. MerkleTree.InclusionProof(hashes, i).SelectMany(h => h)]),
            .. Enumerable.Range(1, 12).Select(i => (byte[])[1, .. BitConverter.GetBytes((long)i), .. BitConverter.GetBytes(13L), .. MerkleTree.Root(hashes, i), .. root, .. MerkleTree.ConsistencyProof(hashes, i, 13).SelectMany(h => h)]),
        ];
    }

    private static bool AsProof(byte[] input)
    {
        if (input.Length < 81) return false;
        var (first, size) = (BitConverter.ToInt64(input, 1), BitConverter.ToInt64(input, 9));
        // Some of them of another length, as a message may have them.
        var path = input[81..].Chunk(32).ToList();
        return input[0] == 0
            ? MerkleTree.VerifyInclusion(input[17..49], first, size, path, input[49..81])
            : MerkleTree.VerifyConsistency(first, input[17..49], size, input[49..81], path);
    }

    private static bool AsPoint(byte[] input)
    {
        var valid = AgreementKey.IsValidPublicKey(input);
        var taken = Or<CryptographicException>(() =>
        {
            var key = new IdentityPublicKey(input);
            Must(key.Point.AsSpan().SequenceEqual(input), "a key that was taken has other bytes");
            Must(!key.Verify(new byte[32], new byte[64]), "a signature of zeros verifies");
        });
        Must(taken == valid, "two readers of points differ");
        return taken;
    }

    private static byte[][] Entries() =>
        [.. Round.All.SelectMany(r => r.Messages).Where(m => m.Envelope.Kind == MessageKind.Share).SelectMany(m => m.Envelope.Detached).Take(8).Select(d => d.ToByteArray())];

    private static bool AsEntry(byte[] input)
    {
        var entry = Enumerable.Range(0, 4).Select(holder => ShareEntry.TryRead(ByteString.CopyFrom(input), (uint)holder)).FirstOrDefault(e => e is not null);
        return entry is not null && entry.LeafHash().Length == 32 && entry.Sealed.Length + entry.Vault.Length + entry.ShareCommitment.Length + entry.SeedCommitment.Length + 4 <= input.Length;
    }

    private static byte[][] Pems()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(1024);
        return [.. new[] { other.ExportPkcs8PrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), other.ExportECPrivateKeyPem(), "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----", "MEECAQAw", "==", "\n" }.Select(Encoding.UTF8.GetBytes)];
    }

    private static bool AsPem(byte[] input) => Or<CryptographicException>(() =>
    {
        using var key = IdentityKey.FromPem(input);
        Must(key.Public.Verify(new byte[32], key.Sign(new byte[32])), "a key that was taken does not sign");
    });

    private static byte[] Certificate()
    {
        using var certificate = Consortium.Station.CreateCertificate("station", Consortium.Start, Consortium.Start.AddDays(1), ["localhost"]);
        return certificate.RawData;
    }

    /// <summary>What TLS hands over: the platform's reader has read the certificate by then, or there is no connection.</summary>
    private static bool AsCertificate(byte[] input)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = X509CertificateLoader.LoadCertificate(input);
        }
        catch (CryptographicException)
        {
            return false;
        }

        using (certificate) return PinnedCertificate.Problem(certificate, Consortium.Station.Public, Consortium.Start, "the station") is null;
    }
}
