using System.Security.Cryptography;
using System.Text;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>
/// The round of a request that came with an Idempotency-Key. Its id follows from caller and key, so the log itself knows, for as long as there is a log, that the request
/// came before and what became of it: nothing else is kept. To everybody without the station's secret such an id is as random as any other.
/// </summary>
/// <param name="secret">Of the station alone, 32 bytes; with another one, keys of before are new.</param>
/// <param name="logOrigin">A log that begins anew has other rounds.</param>
internal sealed class IdempotencyKeys(byte[] secret, string logOrigin)
{
    public const int Longest = 128;

    private const int IdSize = 16;

    /// <summary>The id; keys of different callers have nothing to do with each other.</summary>
    public byte[] RoundOf(string caller, string key) => HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"{logOrigin}\n{caller}\n{key}"))[..IdSize];
}
