using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Client.Internal;

/// <summary>A round whose last entry has been seen in a log.</summary>
/// <param name="Id">16 bytes.</param>
/// <param name="Last">Index of the entry that ended it.</param>
/// <param name="Before">Entries that it has before that one, by the station's word.</param>
/// <param name="HasTotal">Whether it opened a total.</param>
internal sealed record EndedRound(byte[] Id, long Last, uint Before, bool HasTotal)
{
    /// <summary>Null if the entry ends no round.</summary>
    public static EndedRound? Of(long index, Entry entry)
    {
        try
        {
            return entry switch
            {
                { Sender: 0, RoundId.Length: 16, Envelope: { Kind: MessageKind.Total } total } =>
                    new EndedRound(entry.RoundId.ToByteArray(), index, Total.Parser.ParseFrom(total.Body).Entries, HasTotal: true),
                { Sender: 0, RoundId.Length: 16, Envelope: { Kind: MessageKind.Abort } abort } =>
                    new EndedRound(entry.RoundId.ToByteArray(), index, Abort.Parser.ParseFrom(abort.Body).Entries, HasTotal: false),
                _ => null,
            };
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            // Its own verification will say so; there is nothing to list.
            return null;
        }
    }
}
