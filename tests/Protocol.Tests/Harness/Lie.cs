using Google.Protobuf;
using Google.Protobuf.Collections;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>
/// One lie of a station: what it makes of a broadcast before a party gets it. Lies are put together; each takes what the one before made. Whatever has no
/// signature in the end is signed by the station, in the round that this party believes in.
/// </summary>
/// <param name="Kind">The broadcast that it is about.</param>
/// <param name="Tell">What a party is told in place of it.</param>
/// <param name="Parties">Who is lied to; everybody if null.</param>
internal sealed record Lie(MessageKind Kind, Func<LyingStation, uint, Broadcast, IEnumerable<Broadcast>> Tell, IReadOnlySet<uint>? Parties = null)
{
    /// <summary>The same lie, told to these only.</summary>
    public Lie To(params uint[] parties) => this with { Parties = parties.ToHashSet() };

    public IEnumerable<Broadcast> Of(LyingStation station, uint party, Broadcast truth) =>
        truth.Envelope.Kind == Kind && Parties?.Contains(party) != false ? Tell(station, party, truth) : [truth];

    /// <summary>Another body.</summary>
    public static Lie Change<T>(MessageKind kind, Action<T> change)
        where T : IMessage<T>, new() => Change<T>(kind, (_, _, body) => change(body));

    /// <inheritdoc cref="Change{T}(MessageKind, Action{T})"/>
    public static Lie Change<T>(MessageKind kind, Action<LyingStation, uint, T> change)
        where T : IMessage<T>, new() => new(kind, (station, party, truth) => [Changed<T>(truth, body => change(station, party, body))]);

    /// <summary>The truth, and another body after it.</summary>
    public static Lie Also<T>(MessageKind kind, Action<T> change)
        where T : IMessage<T>, new() => new(kind, (_, _, truth) => [truth, Changed(truth, change)]);

    /// <summary>The broadcast without the messages of some parties.</summary>
    public static Lie Without(MessageKind kind, params uint[] members) => kind switch
    {
        MessageKind.Advertised => Change<Advertised>(kind, m => Drop(m.Advertisements, b => Advertise.Parser.ParseFrom(b).Party, members)),
        MessageKind.Shared => Change<Shared>(kind, m => Drop(m.Shares, b => Share.Parser.ParseFrom(b).Party, members)),
        MessageKind.Survivors => Change<Survivors>(kind, m => Drop(m.Inputs, b => Input.Parser.ParseFrom(b).Party, members)),
        MessageKind.Agreed => Change<Agreed>(kind, m => Drop(m.Agreements, b => Agree.Parser.ParseFrom(b).Party, members)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Other bytes for a body, signed.</summary>
    public static Lie Bytes(MessageKind kind, Func<ByteString, ByteString> change) => new(kind, (_, _, truth) => [With(truth, e =>
    {
        e.Body = change(e.Body);
        e.Signature = ByteString.Empty;
    })]);

    /// <summary>Another signature under the truth.</summary>
    public static Lie Signature(MessageKind kind, Func<byte[], byte[]> change) => new(kind, (station, party, truth) =>
        [With(truth, e => e.Signature = ByteString.CopyFrom(change(station.Sign(party, e.Kind, e.Body).Signature.ToByteArray())))]);

    /// <summary>Another envelope, signature and all.</summary>
    public static Lie Instead(MessageKind kind, Func<LyingStation, uint, Envelope> envelope) => new(kind, (station, party, truth) =>
        [new Broadcast { RoundId = truth.RoundId, Envelope = envelope(station, party) }]);

    /// <summary>Nothing.</summary>
    public static Lie Withhold(MessageKind kind) => new(kind, (_, _, _) => []);

    /// <summary>Other shares for the receiver, the broadcast itself as it is.</summary>
    public static Lie Deliver(Action<LyingStation, uint, RepeatedField<Delivery>> change) => new(MessageKind.Shared, (station, party, truth) =>
    {
        var changed = truth.Clone();
        change(station, party, changed.Deliveries);
        return [changed];
    });

    private static Broadcast Changed<T>(Broadcast truth, Action<T> change)
        where T : IMessage<T>, new() => With(truth, e =>
    {
        var body = new T();
        body.MergeFrom(e.Body);
        change(body);
        e.Body = body.ToByteString();
        e.Signature = ByteString.Empty;
    });

    private static Broadcast With(Broadcast truth, Action<Envelope> change)
    {
        var changed = truth.Clone();
        change(changed.Envelope);
        return changed;
    }

    private static void Drop(RepeatedField<SignedBody> list, Func<ByteString, uint> partyOf, uint[] members)
    {
        foreach (var body in list.Where(b => members.Contains(partyOf(b.Body))).ToList()) list.Remove(body);
    }
}
