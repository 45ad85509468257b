namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Numbers that look random and are the same in every run: the n-th draw of a named stream is SplitMix64's finaliser (Steele, Lea,
/// Flood 2014) of seed, name and n, so that a column keeps its values when other columns come or go. For made-up data only.
/// </summary>
internal readonly struct Draws
{
    private readonly ulong _stream;

    public Draws(ulong seed, string name)
    {
        unchecked
        {
            var hash = 0xcbf29ce484222325; // FNV-1a
            foreach (var c in name) hash = (hash ^ c) * 0x100000001b3;
            _stream = Mix(seed ^ Mix(hash));
        }
    }

    /// <summary>In [0, 1).</summary>
    public double Unit(long n) => (Next(n) >> 11) * (1.0 / (1UL << 53));

    /// <summary>In [0, bound); the bias of the remainder does not matter for made-up data.</summary>
    public int Below(long n, int bound) => (int)(Next(n) % (ulong)bound);

    private ulong Next(long n) => unchecked(Mix(_stream + ((ulong)n * 0x9e3779b97f4a7c15)));

    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            return z ^ (z >> 31);
        }
    }
}
