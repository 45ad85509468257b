using System.Security.Cryptography;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>
/// Answers to requests that came with an Idempotency-Key, for a day: the same request again gets the same answer, and nothing is done twice. Kept in memory; after a
/// restart the log knows which query was asked. Safe for use by many threads.
/// </summary>
internal sealed class IdempotencyDesk(TimeProvider clock)
{
    public const int LongestKey = 128;
    private const int MostKept = 10_000;
    private static readonly TimeSpan s_kept = TimeSpan.FromDays(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (byte[] Request, Task<byte[]> Answer, DateTimeOffset Since)> _answers = new(StringComparer.Ordinal);

    /// <summary>The job that a request came to: that of the first with this key, or what <paramref name="act"/> does now. A failure is not kept.</summary>
    /// <param name="caller">Keys of different callers have nothing to do with each other.</param>
    /// <param name="key">The caller's.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="act">Does it.</param>
    /// <exception cref="RestException">The key came with another request.</exception>
    public async Task<(byte[] Job, bool Again)> Once(string caller, string key, ReadOnlyMemory<byte> request, Func<Task<byte[]>> act)
    {
        var (name, hash) = ($"{caller}\n{key}", SHA256.HashData(request.Span));
        Task<byte[]> answer;
        bool again;
        lock (_gate)
        {
            again = _answers.TryGetValue(name, out var seen) && clock.GetUtcNow() - seen.Since < s_kept;
            if (again && !PublicBytes.Equal(seen.Request, hash)) throw new RestException("idempotency-key-reused", "This Idempotency-Key came with another request before; take a new one for each request.");
            if (!again) Forget();
            answer = again ? seen.Answer : act();
            _answers[name] = again ? seen : (hash, answer, clock.GetUtcNow());
        }

        try
        {
            return (await answer, again);
        }
        catch
        {
            lock (_gate)
            {
                if (_answers.TryGetValue(name, out var failed) && failed.Answer == answer) _answers.Remove(name);
            }

            throw;
        }
    }

    private void Forget()
    {
        if (_answers.Count < MostKept) return;
        var now = clock.GetUtcNow();
        foreach (var (name, _) in _answers.Where(a => now - a.Value.Since >= s_kept).ToList()) _answers.Remove(name);
        if (_answers.Count >= MostKept) _answers.Remove(_answers.MinBy(a => a.Value.Since).Key);
    }
}
