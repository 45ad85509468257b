using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Rounds;

/// <summary>
/// The answer of this outpost to one query: noise drawn once, and the sums with that noise. A later attempt at the same query uses it at no
/// further cost if no masked vector has left yet. Once one has, the answer is forgotten: the others may have opened a total with it, and a second total
/// with the same vector and other survivors would give single vectors away by subtraction (docs/adr/0009). In memory only.
/// </summary>
internal sealed class QueryAnswer(Plan plan, Func<VectorNoise> draw, DateTimeOffset expires) : IDisposable
{
    private readonly Lock _gate = new();
    private VectorNoise? _noise;
    private Task<NoisedVector>? _vector;
    private bool _disposed;

    /// <summary>What is answered.</summary>
    public Plan Plan => plan;

    /// <summary>When no round of the query can be open any more.</summary>
    public DateTimeOffset Expires => expires;

    /// <summary>The vector: from the pass over the data that runs or has run, or from a new one if the last one failed.</summary>
    /// <param name="pass">Adds up the rows and uses the noise, which has been drawn by then; a pass that fails leaves it for the
    /// next.</param>
    public Task<NoisedVector> VectorAsync(Func<VectorNoise, Task<NoisedVector>> pass)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_vector is null or { IsFaulted: true } or { IsCanceled: true }) _vector = Task.Run(() => pass(Noise()));
            return _vector;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _noise?.Dispose();
            _ = _vector?.ContinueWith(
                static t => t.Result.Dispose(),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
        }
    }

    private VectorNoise Noise()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _noise ??= draw();
        }
    }
}
