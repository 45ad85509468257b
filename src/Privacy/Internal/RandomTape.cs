using System.Security.Cryptography;

namespace SecureAggregation.Privacy.Internal;

/// <summary>
/// Random bytes in the order in which a sampler takes them. Both samplers read through it, so that the same bytes
/// give the same draws. What was read is zeroed at the end: who knows the tape knows the noise.
/// </summary>
internal sealed class RandomTape(RandomNumberGenerator random) : IDisposable
{
    private readonly byte[] _buffer = new byte[256];
    private int _left;

    public byte Next()
    {
        if (_left == 0)
        {
            random.GetBytes(_buffer);
            _left = _buffer.Length;
        }

        return _buffer[^_left--];
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_buffer);
}
