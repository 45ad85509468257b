using Google.Protobuf;

namespace SecureAggregation.Protocol.Internal;

/// <summary>The judgement on a message, with what was read of it when it is accepted.</summary>
internal sealed record Judgement(Offer Offer, IMessage? Message = null, DealtEntries? Entries = null);
