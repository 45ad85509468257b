using Google.Protobuf;

namespace SecureAggregation.Protocol.Internal;

/// <summary>The judgement on a message, with what was read of it when it is accepted.</summary>
internal sealed record Judgement(Offer Offer, IMessage? Message = null, DealtEntries? Entries = null, IReadOnlyList<Complaint>? Complaints = null);

/// <summary>What a judgement was made of: it holds for the same message at the same time, while no entry has been applied since.</summary>
internal sealed record JudgedMessage(uint Party, Wire.Envelope Envelope, ulong TimeMs, long Version, Judgement Judgement);
