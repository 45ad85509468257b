using System.Buffers;
using FsCheck.Fluent;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Frames read in place, and frames that many outposts share, are what the generated code reads and writes.</summary>
public sealed class FrameTests
{
    private static readonly byte[] s_round = [.. Enumerable.Repeat((byte)7, 16)];

    [Fact]
    public void Part_of_a_vector_is_read_in_place_as_the_parser_reads_it() => Property.Holds(
        from offset in Gen.OneOf(Gen.Constant(0UL), Gen.Choose(1, int.MaxValue).Select(o => (ulong)o), Gen.Constant(ulong.MaxValue))
        from length in Gen.Choose(0, 1000)
        from piece in Gen.Choose(1, 400)
        select (offset, length, piece),
        part =>
        {
            var (offset, length, piece) = part;
            var data = Enumerable.Range(0, length).Select(i => (byte)(i % 251)).ToArray();
            using var frame = IncomingFrame.Read(InPieces(Chunk(s_round, offset, data).ToByteArray(), piece));
            return frame.Other is null && frame.Offset == offset && frame.RoundId.Span.SequenceEqual(s_round) && frame.Data.SequenceEqual(data);
        });

    [Fact]
    public void Part_of_a_vector_in_an_unusual_form_is_read_all_the_same()
    {
        var chunk = Chunk(s_round, 5, [1, 2, 3]).Chunk;
        // Fields in another order, then a field that is not known here.
        byte[] odd = [0x1A, 3, 1, 2, 3, 0x10, 5, 0x0A, 16, .. s_round, 0x78, 1];
        byte[] bytes = [0x1A, (byte)odd.Length, .. odd];
        var expected = PartyFrame.Parser.ParseFrom(bytes).Chunk;
        using var frame = IncomingFrame.Read(new ReadOnlySequence<byte>(bytes));
        Assert.Equal((expected.Offset, expected.RoundId, expected.Data), (frame.Offset, ByteString.CopyFrom(frame.RoundId.Span), ByteString.CopyFrom(frame.Data)));

        // The generated code would merge the two.
        byte[] twice = [.. Chunk(s_round, 1, [9]).ToByteArray(), .. new PartyFrame { Chunk = chunk }.ToByteArray()];
        Assert.Throws<WireException>(() => IncomingFrame.Read(new ReadOnlySequence<byte>(twice)));

        using var strange = IncomingFrame.Read(new ReadOnlySequence<byte>(Chunk([1, 2], 0, [3]).ToByteArray()));
        Assert.Equal([1, 2], strange.RoundId.ToArray());
    }

    [Fact]
    public void Other_frames_and_broken_ones_are_the_parsers()
    {
        var hello = new PartyFrame { Hello = new Hello { Software = "test/1" } };
        using var frame = IncomingFrame.Read(new ReadOnlySequence<byte>(hello.ToByteArray()));
        Assert.Equal(hello, frame.Other);
        var whole = Chunk(s_round, 3, [1, 2, 3, 4]).ToByteArray();
        for (var length = 1; length < whole.Length; length++)
            Assert.True(Record.Exception(() => IncomingFrame.Read(new ReadOnlySequence<byte>(whole, 0, length))) is InvalidProtocolBufferException or WireException);
    }

    [Fact]
    public void Part_that_is_given_back_early_and_again_has_no_bytes_any_more()
    {
        var frame = IncomingFrame.Read(new ReadOnlySequence<byte>(Chunk(s_round, 3, [1, 2, 3, 4]).ToByteArray()));
        Assert.Equal(4, frame.Data.Length);
        frame.Dispose();
        frame.Dispose();
        Assert.Equal(0, frame.Data.Length);
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(0, 300_000)]
    [InlineData(20, 10)]
    [InlineData(20, 300_000)]
    public void Broadcast_is_the_frame_that_an_encoder_would_write_and_lends_what_all_outposts_get(int deliveries, int length)
    {
        var broadcast = new Broadcast
        {
            RoundId = ByteString.CopyFrom(s_round),
            Envelope = new Envelope { Kind = MessageKind.Shared, Body = ByteString.CopyFrom(new byte[length]), Signature = ByteString.CopyFrom(new byte[64]) },
        };
        broadcast.Deliveries.Add(Enumerable.Range(0, deliveries).Select(i => new Delivery { Dealer = (uint)i, Entry = ByteString.CopyFrom(new byte[228]) }));
        var frame = new StationFrame { Broadcast = broadcast };
        var common = OutgoingFrame.Common(broadcast);
        Assert.Equal(frame.ToByteArray(), Written(new OutgoingFrame(common, broadcast.Deliveries), new Captured()));
        var lent = new Captured(borrows: true);
        Assert.Equal(frame.ToByteArray(), Written(new OutgoingFrame(common, broadcast.Deliveries), lent));
        Assert.Same(common, lent.Borrowed[0]);
        Assert.Equal(frame.ToByteArray(), Written(new OutgoingFrame(frame), new Captured()));
    }

    private static byte[] Written(OutgoingFrame frame, Captured context)
    {
        OutgoingFrame.Marshaller.ContextualSerializer(frame, context);
        return context.Payload;
    }

    private static PartyFrame Chunk(byte[] round, ulong offset, byte[] data) =>
        new() { Chunk = new VectorChunk { RoundId = ByteString.CopyFrom(round), Offset = offset, Data = ByteString.CopyFrom(data) } };

    private static ReadOnlySequence<byte> InPieces(byte[] bytes, int piece)
    {
        Piece? first = null, last = null;
        for (var i = 0; i < bytes.Length; i += piece)
        {
            last = new Piece(bytes.AsMemory(i, Math.Min(piece, bytes.Length - i)), last);
            first ??= last;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }

    private sealed class Captured(bool borrows = false) : SerializationContext
    {
        private readonly Lender _written = new();

        public byte[] Payload { get; private set; } = [];

        public List<byte[]> Borrowed => _written.Borrowed;

        public override void Complete(byte[] payload) => Payload = payload;

        public override IBufferWriter<byte> GetBufferWriter() => borrows ? _written : _written.Plain;

        public override void SetPayloadLength(int payloadLength)
        {
        }

        public override void Complete() => Payload = _written.Plain.WrittenSpan.ToArray();
    }

    private sealed class Lender : IBorrowingWriter
    {
        public ArrayBufferWriter<byte> Plain { get; } = new();

        public List<byte[]> Borrowed { get; } = [];

        public void Advance(int count) => Plain.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0) => Plain.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => Plain.GetSpan(sizeHint);

        public void Borrow(ReadOnlyMemory<byte> bytes)
        {
            if (MemoryMarshal.TryGetArray(bytes, out var array)) Borrowed.Add(array.Array!);
            Plain.Write(bytes.Span);
        }
    }
}
