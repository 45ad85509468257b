using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// The small steps of which a party makes a few for each neighbour: a commitment, a derived key, a sealed pair of shares. The baseline is
/// the platform's SHA-256 over as many bytes as a commitment hashes.
/// </summary>
[MemoryDiagnoser]
public class HashBenchmarks
{
    private readonly byte[] _input = new byte[150];
    private readonly byte[] _context = new byte[32];
    private readonly byte[] _secret = new byte[32];
    private readonly byte[] _key = new byte[Aead.KeySize];
    private readonly byte[] _info = new byte[40];
    private readonly byte[] _shares = new byte[96];

    [Benchmark(Baseline = true)]
    public byte[] Sha256() => SHA256.HashData(_input);

    [Benchmark]
    public byte[] Commitment() => Commitments.Share(_context, 1, 2, SharedSecret.SelfSeed, _secret, _secret);

    [Benchmark]
    public void DeriveKey() => Hkdf.Expand(_secret, "seal", _info, _key);

    [Benchmark]
    public byte[] Seal() => Aead.Seal(_key, _shares, _info);
}
