using System.Security.Cryptography;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>Plays the random tape of a published vector; asking for more than there is throws.</summary>
internal sealed class TapeRandom(byte[] tape) : RandomNumberGenerator
{
    private int _at;

    public int Left => tape.Length - _at;

    public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

    public override void GetBytes(Span<byte> data)
    {
        tape.AsSpan(_at, data.Length).CopyTo(data);
        _at += data.Length;
    }
}
