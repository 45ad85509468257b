using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.Agreement;
using Org.BouncyCastle.Crypto.Parameters;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>What a party does once a neighbour (agreement), and once a message (signing, verifying).</summary>
[MemoryDiagnoser]
public class KeyBenchmarks
{
    private readonly byte[] _hash = SHA256.HashData([]);
    private readonly AgreementKey _own = AgreementKey.Generate(Data.Random());
    private readonly IdentityKey _identity = IdentityKey.Generate(Data.Random());
    private byte[] _peer = [];
    private byte[] _signature = [];
    private ECDHBasicAgreement _bouncyCastle = new();
    private ECPublicKeyParameters? _bouncyCastlePeer;

    [GlobalSetup]
    public void Setup()
    {
        var random = Data.Random();
        using var peer = AgreementKey.Generate(random);
        _peer = peer.PublicKey;
        _signature = _identity.Sign(_hash);
        var curve = ECNamedCurveTable.GetByName("P-256");
        var domain = new ECDomainParameters(curve.Curve, curve.G, curve.N, curve.H);
        _bouncyCastle = new ECDHBasicAgreement();
        _bouncyCastle.Init(new ECPrivateKeyParameters(new Org.BouncyCastle.Math.BigInteger(1, Data.Random().Bytes(31)), domain));
        _bouncyCastlePeer = new ECPublicKeyParameters(domain.Curve.DecodePoint(_peer), domain);
    }

    [Benchmark(Baseline = true)]
    public object BouncyCastleAgree() => _bouncyCastle.CalculateAgreement(_bouncyCastlePeer);

    [Benchmark]
    public int Agree()
    {
        using var secret = _own.Agree(_peer);
        return secret.Length;
    }

    [Benchmark]
    public bool ValidatePublicKey() => AgreementKey.IsValidPublicKey(_peer);

    [Benchmark]
    public byte[] Sign() => _identity.Sign(_hash);

    [Benchmark]
    public bool Verify() => _identity.Public.Verify(_hash, _signature);
}
