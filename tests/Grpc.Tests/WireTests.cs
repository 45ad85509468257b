using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FsCheck.Fluent;
using Grpc.Core;
using Grpc.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>The encodings, without a network.</summary>
public sealed class WireTests
{
    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("99999999m", 999_999_990_000)]
    [InlineData("5u", 50)]
    [InlineData("100n", 1)]
    [InlineData("1n", 1)]
    [InlineData("0n", 0)]
    public void Timeout_is_read(string text, long ticks)
    {
        Assert.True(global::Grpc.Wire.Timeout.TryParse(text, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1s")]
    [InlineData("-1S")]
    [InlineData("+1S")]
    [InlineData("1.5S")]
    [InlineData(" 1S")]
    [InlineData("123456789S")]
    public void Timeout_that_is_none_is_refused(string text) => Assert.False(global::Grpc.Wire.Timeout.TryParse(text, out _));

    // A step to a coarser unit leaves at least six digits, so the rounding is within a hundred-thousandth.
    [Fact]
    public void Timeout_survives_the_wire_closely_and_never_shrinks() => Property.Holds(
        Gen.Choose(0, int.MaxValue).SelectMany(bits => Gen.Choose(0, 26).Select(shift => TimeSpan.FromTicks((long)bits << shift))),
        timeout => global::Grpc.Wire.Timeout.TryParse(global::Grpc.Wire.Timeout.Format(timeout), out var back)
            && back >= timeout && back - timeout <= TimeSpan.FromTicks(timeout.Ticks / 100_000),
        cases: 1000);

    [Fact]
    public void Timeout_longer_than_eight_digits_of_hours_is_the_longest_there_is() =>
        Assert.Equal("99999999H", global::Grpc.Wire.Timeout.Format(TimeSpan.MaxValue));

    [Theory]
    [InlineData("", "")]
    [InlineData("plain text", "plain text")]
    [InlineData("100 %", "100 %25")]
    [InlineData("ä\n", "%C3%A4%0A")]
    public void Status_message_is_percent_encoded(string text, string encoded)
    {
        Assert.Equal(encoded, StatusMessage.Encode(text));
        Assert.Equal(text, StatusMessage.Decode(encoded));
    }

    [Theory]
    [InlineData("50%", "50%")]
    [InlineData("%zz", "%zz")]
    [InlineData("%4", "%4")]
    [InlineData("%c3%a4", "ä")]
    public void Broken_percent_encoding_is_left_as_it_came(string encoded, string text) =>
        Assert.Equal(text, StatusMessage.Decode(encoded));

    [Fact]
    public void Every_status_message_survives_the_wire() => Property.Holds(
        ArbMap.Default.GeneratorFor<char[]>().Where(chars => !chars.Any(char.IsSurrogate)).Select(chars => new string(chars)),
        text => StatusMessage.Decode(StatusMessage.Encode(text)) == text);

    [Fact]
    public void Binary_metadata_is_read_with_and_without_padding_and_joined_by_commas()
    {
        var metadata = new Metadata();
        global::Grpc.Wire.Headers.AddTo(metadata, "a-bin", "AAH/Bw==,AAH/Bw, /w");
        Assert.Equal([[0, 1, 255, 7], [0, 1, 255, 7], [255]], metadata.Select(e => e.ValueBytes));
    }

    [Fact]
    public void Binary_metadata_is_written_without_padding() =>
        Assert.Equal("AAH/Bw", global::Grpc.Wire.Headers.ValueOf(new Metadata.Entry("a-bin", [0, 1, 255, 7])));

    [Theory]
    [InlineData("a-bin", "???")]
    [InlineData("grpc-status", "0")]
    [InlineData("te", "trailers")]
    [InlineData("x", "ümlaut")]
    public void Headers_that_are_no_metadata_are_left_out(string name, string value)
    {
        var metadata = new Metadata();
        global::Grpc.Wire.Headers.AddTo(metadata, name, value);
        Assert.Empty(metadata);
    }

    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("Application/GRPC; charset=x", true)]
    [InlineData("application/grpc-web", false)]
    [InlineData("application/json", false)]
    [InlineData(null, false)]
    public void Content_type_is_recognised(string? type, bool grpc) => Assert.Equal(grpc, global::Grpc.Wire.Headers.IsGrpc(type));

    [Fact]
    public void Metadata_keys_are_lower_case_and_checked()
    {
        Assert.Equal("x-a", new Metadata.Entry("X-A", "v").Key);
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("a b", "v"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("a", "ü"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("a", "line\r\nbreak"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("a-bin", "text"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("a", [1]));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "b"));
    }

    [Fact]
    public void Metadata_finds_the_last_and_all_of_a_key()
    {
        var metadata = new Metadata { { "a", "1" }, { "b", "2" }, { "A", "3" } };
        Assert.Equal("3", metadata.GetValue("a"));
        Assert.Equal(["1", "3"], metadata.GetAll("a").Select(e => e.Value));
        Assert.Null(metadata.Get("c"));
    }

    [Fact]
    public void Prefix_over_the_limit_is_refused_by_its_five_bytes()
    {
        var e = Assert.Throws<RpcException>(() => Prefix.ReadLength(new ReadOnlySequence<byte>([0, 0xff, 0xff, 0xff, 0xff]), 1000));
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        e = Assert.Throws<RpcException>(() => Prefix.ReadLength(new ReadOnlySequence<byte>([0, 0xff, 0xff, 0xff, 0xff]), null));
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        Assert.Equal(1000, Prefix.ReadLength(new ReadOnlySequence<byte>([0, 0, 0, 3, 0xe8]), 1000));
    }

    [Fact]
    public void Message_is_framed_whatever_way_the_marshaller_takes()
    {
        byte[] payload = [1, 2, 3];
        byte[] framed = [0, 0, 0, 0, 3, 1, 2, 3];
        Assert.Equal(framed, Frame((value, context) => context.Complete(value)));
        Assert.Equal(framed, Frame((value, context) =>
        {
            foreach (var b in value) context.GetBufferWriter().Write([b]);
            context.Complete();
        }));
        Assert.Equal(framed, Frame((value, context) =>
        {
            context.SetPayloadLength(3);
            context.GetBufferWriter().Write(value);
            context.Complete();
        }));
        Assert.Equal([0, 0, 0, 0, 0], Frame((_, context) => context.Complete()));

        byte[] Frame(Action<byte[], SerializationContext> write)
        {
            using var message = OutgoingMessage.Create(payload, new Marshaller<byte[]>(write, _ => []), limit: 3);
            return message.Bytes.ToArray();
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public void Borrowed_bytes_are_sent_as_they_are_and_only_the_long_ones_stay_where_they_are(int length)
    {
        var (common, own) = (new byte[length], new byte[5000]);
        common.AsSpan().Fill(1);
        own.AsSpan().Fill(2);
        using var message = OutgoingMessage.Create("", new Marshaller<string>(Write, _ => ""), limit: length + 5003);
        Assert.Equal(length + 5003, BinaryPrimitives.ReadInt32BigEndian(message.Bytes.Slice(1, 4).ToArray()));
        Assert.Equal([9, 9, 9, .. common, .. own], message.Payload.ToArray());
        Assert.Equal(length > 4096 ? 3 : 2, Pieces(message).Count);
        Assert.Contains(Pieces(message), piece => MemoryMarshal.TryGetArray(piece, out var array) && array.Array == own);
        Assert.Throws<RpcException>(() => OutgoingMessage.Create("", new Marshaller<string>(Write, _ => ""), limit: length + 5002));

        void Write(string message, SerializationContext context)
        {
            var writer = Assert.IsType<IBorrowingWriter>(context.GetBufferWriter(), exactMatch: false);
            writer.Write((ReadOnlySpan<byte>)[9, 9, 9]);
            writer.Borrow(common);
            writer.Borrow(own);
            Assert.Throws<InvalidOperationException>(() => writer.GetMemory());
            context.Complete();
        }

        static List<ReadOnlyMemory<byte>> Pieces(OutgoingMessage message)
        {
            var pieces = new List<ReadOnlyMemory<byte>>();
            foreach (var piece in message.Bytes) pieces.Add(piece);
            return pieces;
        }
    }

    [Fact]
    public void Marshaller_that_does_not_complete_is_an_error() => Assert.Throws<InvalidOperationException>(
        () => OutgoingMessage.Create("a", new Marshaller<string>((_, _) => { }, _ => ""), null));

    [Fact]
    public void Marshaller_through_contexts_also_works_on_arrays()
    {
        var marshaller = new Marshaller<byte[]>((value, context) => context.Complete(value), context => context.PayloadAsNewBuffer());
        Assert.Equal([5, 6], marshaller.Deserializer(marshaller.Serializer([5, 6])));
    }

    [Fact]
    public void Deadline_timer_waits_longer_than_a_timer_can()
    {
        var clock = new ManualTimeProvider();
        var fired = 0;
        using var timer = new DeadlineTimer(clock, clock.GetUtcNow().AddDays(100), () => fired++);
        clock.Advance(TimeSpan.FromDays(100) - TimeSpan.FromSeconds(1));
        Assert.Equal(0, fired);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, fired);
        clock.Advance(TimeSpan.FromDays(100));
        Assert.Equal(1, fired);
    }
}
