using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// The numbers of members' acts in a log: 1, 2, 3, … for each key, in the log's order. So none can be put in twice or moved, and none left out but the last ones,
/// which their dashboard knows of. Not for many threads at once.
/// </summary>
public sealed class ActOrder
{
    private readonly Dictionary<byte[], ulong> _last = new(PublicBytes.Comparer);

    /// <summary>The number of a key's next act.</summary>
    /// <param name="signer">65 bytes.</param>
    public ulong Next(byte[] signer) => _last.GetValueOrDefault(signer) + 1;

    /// <summary>Takes the next act of a log, the station's own too.</summary>
    /// <exception cref="TranscriptException">It is not the next of its signer.</exception>
    public void Take(Act act)
    {
        if (act.Signer.IsEmpty) return;
        var (signer, next) = (act.Signer.ToByteArray(), Next(act.Signer.ToByteArray()));
        if (act.Number != next) throw new TranscriptException($"the act is number {act.Number} of its signer, and {next} comes next: one was left out, put in twice or moved.");
        _last[signer] = next;
    }
}
