using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.Agreement;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using SecureAggregation.Testing;
using BigInteger = Org.BouncyCastle.Math.BigInteger;

namespace SecureAggregation.Crypto.Tests;

public sealed class KeysTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ECDomainParameters s_domain = Domain();
    private static readonly BigInteger s_order = new("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);

    // RFC 5903 section 8.1.
    private const string Rfc5903I = "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433";
    private const string Rfc5903R = "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53";
    private const string Rfc5903GrX =
        "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63";

    private const string Rfc5903GrY =
        "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB";

    private const string Rfc5903Secret = "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE";

    [Fact]
    public void Agreement_gives_the_secret_of_Rfc5903()
    {
        using var i = AgreementKey.Import(Convert.FromHexString(Rfc5903I));
        using var r = AgreementKey.Import(Convert.FromHexString(Rfc5903R));
        Assert.Equal("04" + Rfc5903GrX + Rfc5903GrY, Convert.ToHexString(r.PublicKey));
        using var one = i.Agree(r.PublicKey);
        using var other = r.Agree(i.PublicKey);
        Assert.Equal(Rfc5903Secret, Convert.ToHexString(one.Span));
        Assert.True(one.FixedTimeEquals(other.Span));
    }

    [Fact]
    public void Rfc6979_signature_is_accepted_in_its_low_form()
    {
        // RFC 6979 A.2.5, SHA-256, message "sample".
        using var key = IdentityKey.Import(Convert.FromHexString("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"));
        Assert.Equal(
            "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
            Convert.ToHexString(key.Public.Point));
        var signature = Convert.FromHexString(
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes("sample"));
        Assert.False(key.Public.Verify(hash, signature));
        Assert.True(key.Public.Verify(hash, OtherS(signature)));
    }

    [Fact]
    public void Agreements_of_one_key_may_be_made_at_the_same_time()
    {
        using var own = AgreementKey.Generate(new SeededRandom(2));
        var peers = Enumerable.Range(0, 64).Select(i => AgreementKey.Generate(new SeededRandom((ulong)i + 3))).ToArray();
        Parallel.ForEach(peers, peer =>
        {
            using var one = own.Agree(peer.PublicKey);
            using var other = peer.Agree(own.PublicKey);
            Assert.True(one.FixedTimeEquals(other.Span));
        });
        foreach (var peer in peers) peer.Dispose();
    }

    [Fact]
    public void Agreement_agrees_with_BouncyCastle() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            using var own = AgreementKey.Generate(random);
            using var scalar = P256.RandomScalar(random);
            using var peer = AgreementKey.Import(scalar.Span);
            var agreement = new ECDHBasicAgreement();
            agreement.Init(new ECPrivateKeyParameters(new BigInteger(1, scalar.Span.ToArray()), s_domain));
            var expected = agreement.CalculateAgreement(new ECPublicKeyParameters(s_domain.Curve.DecodePoint(own.PublicKey), s_domain));
            using var secret = own.Agree(peer.PublicKey);
            return new BigInteger(1, secret.Span.ToArray()).Equals(expected)
                && PublicBytes.Equal(peer.PublicKey, s_domain.G.Multiply(new BigInteger(1, scalar.Span.ToArray())).GetEncoded(compressed: false));
        },
        cases: 20);

    [Fact]
    public void Signatures_agree_with_BouncyCastle_both_ways() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            using var scalar = P256.RandomScalar(random);
            using var key = IdentityKey.Import(scalar.Span);
            var hash = random.Bytes(32);
            var ours = key.Sign(hash);
            var verifier = new ECDsaSigner();
            verifier.Init(false, new ECPublicKeyParameters(s_domain.Curve.DecodePoint(key.Public.Point), s_domain));
            if (!verifier.VerifySignature(hash, new BigInteger(1, ours, 0, 32), new BigInteger(1, ours, 32, 32))) return false;

            var signer = new ECDsaSigner(new HMacDsaKCalculator(new Org.BouncyCastle.Crypto.Digests.Sha256Digest()));
            signer.Init(true, new ECPrivateKeyParameters(new BigInteger(1, scalar.Span.ToArray()), s_domain));
            var parts = signer.GenerateSignature(hash);
            byte[] theirs = [.. Fixed(parts[0]), .. Fixed(parts[1])];
            var low = parts[1].CompareTo(s_order.ShiftRight(1)) <= 0;
            return key.Public.Verify(hash, theirs) == low && key.Public.Verify(hash, OtherS(theirs)) == !low;
        },
        cases: 20);

    [Fact]
    public void Signatures_have_low_s_and_their_high_twins_are_refused()
    {
        using var key = IdentityKey.Generate();
        for (var i = 0; i < 50; i++)
        {
            var hash = SHA256.HashData([(byte)i]);
            var signature = key.Sign(hash);
            Assert.Equal(64, signature.Length);
            Assert.True(new BigInteger(1, signature, 32, 32).CompareTo(s_order.ShiftRight(1)) <= 0);
            Assert.True(key.Public.Verify(hash, signature));
            Assert.False(key.Public.Verify(hash, OtherS(signature)));
        }
    }

    [Fact]
    public void Signature_that_is_changed_zero_or_of_another_length_is_refused()
    {
        using var key = IdentityKey.Generate();
        using var other = IdentityKey.Generate();
        var hash = SHA256.HashData("message"u8);
        var signature = key.Sign(hash);
        for (var bit = 0; bit < 512; bit += 5) Assert.False(key.Public.Verify(hash, TestData.Flip(signature, bit)));
        for (var bit = 0; bit < 256; bit += 5) Assert.False(key.Public.Verify(TestData.Flip(hash, bit), signature));
        Assert.False(other.Public.Verify(hash, signature));
        Assert.False(key.Public.Verify(hash, signature.AsSpan(0, 63)));
        Assert.False(key.Public.Verify(hash, [.. signature, 0]));
        Assert.False(key.Public.Verify(hash, []));
        Assert.False(key.Public.Verify(hash, new byte[64]));
        Assert.False(key.Public.Verify(hash, [.. signature[..32], .. new byte[32]]));
        Assert.Throws<ArgumentException>(() => key.Public.Verify(new byte[20], signature));
        Assert.Throws<ArgumentException>(() => key.Sign(new byte[20]));
    }

    [Fact]
    public void Signing_and_verifying_may_run_on_many_threads()
    {
        using var key = IdentityKey.Generate();
        Parallel.For(0, 200, i =>
        {
            var hash = SHA256.HashData([(byte)i]);
            Assert.True(key.Public.Verify(hash, key.Sign(hash)));
        });
    }

    [Fact]
    public void Points_off_the_curve_or_in_another_form_are_refused()
    {
        using var key = AgreementKey.Generate(new SeededRandom(1));
        var point = key.PublicKey;
        Assert.True(AgreementKey.IsValidPublicKey(point));
        var prime = TestData.FromHex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        byte[][] bad =
        [
            [], [0], new byte[65], point[..64], [.. point, 0], [2, .. point[1..33]], [3, .. point[1..]], [6, .. point[1..]],
            [4, .. prime, .. point[33..]], [4, .. point[1..33], .. prime], [4, .. new byte[64]],
            .. Enumerable.Range(8, 512).Select(bit => TestData.Flip(point, bit)),
        ];
        foreach (var wrong in bad)
        {
            Assert.False(AgreementKey.IsValidPublicKey(wrong));
            Assert.ThrowsAny<CryptographicException>(() => key.Agree(wrong));
            Assert.ThrowsAny<CryptographicException>(() => new IdentityPublicKey(wrong));
        }
    }

    [Fact]
    public void Coordinate_above_the_prime_is_refused_although_its_residue_is_on_the_curve()
    {
        // x = 5 has a point; 5 + p still fits 32 bytes and would give one key a second encoding.
        var point = s_domain.Curve.DecodePoint(TestData.FromHex("02" + 5.ToString("x64"))).GetEncoded(compressed: false);
        Assert.True(AgreementKey.IsValidPublicKey(point));
        var prime = new BigInteger("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);
        Assert.False(AgreementKey.IsValidPublicKey([4, .. Fixed(prime.Add(BigInteger.ValueOf(5))), .. point[33..]]));
    }

    [Fact]
    public void Scalars_outside_of_the_group_are_refused()
    {
        foreach (var scalar in new[] { new byte[32], Fixed(s_order), TestData.FromHex(new string('f', 64)) })
        {
            Assert.ThrowsAny<CryptographicException>(() => AgreementKey.Import(scalar));
            Assert.ThrowsAny<CryptographicException>(() => IdentityKey.Import(scalar));
        }

        Assert.Throws<ArgumentException>(() => IdentityKey.Import(new byte[31]));
        using var one = AgreementKey.Import(Fixed(BigInteger.One));
        using var last = AgreementKey.Import(Fixed(s_order.Subtract(BigInteger.One)));
        Assert.Equal(one.PublicKey[..33], last.PublicKey[..33]);
    }

    [Fact]
    public void Keys_from_a_generator_are_repeatable_and_others_are_not()
    {
        using var a = AgreementKey.Generate(new SeededRandom(7));
        using var b = AgreementKey.Generate(new SeededRandom(7));
        using var c = AgreementKey.Generate();
        using var d = AgreementKey.Generate();
        Assert.Equal(a.PublicKey, b.PublicKey);
        Assert.NotEqual(c.PublicKey, d.PublicKey);
        using var e = IdentityKey.Generate(new SeededRandom(7));
        Assert.Equal(a.PublicKey, e.Public.Point);
    }

    [Fact]
    public void Scalars_out_of_range_are_drawn_again()
    {
        using var scalar = P256.RandomScalar(new TapeRandom([.. Enumerable.Repeat((byte)255, 32), .. new byte[32], .. Fixed(BigInteger.Two)]));
        Assert.True(scalar.FixedTimeEquals(Fixed(BigInteger.Two)));
    }

    [Fact]
    public void Disposed_key_refuses_use()
    {
        var agreement = AgreementKey.Generate();
        var peer = agreement.PublicKey;
        agreement.Dispose();
        Assert.Throws<ObjectDisposedException>(() => agreement.Agree(peer));
        var identity = IdentityKey.Generate();
        identity.Dispose();
        Assert.Throws<ObjectDisposedException>(() => identity.Sign(new byte[32]));
    }

    [Fact]
    public void Pem_round_trip_keeps_the_key()
    {
        using var key = IdentityKey.Generate();
        var pem = key.ToPem();
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", pem, StringComparison.Ordinal);
        using var back = IdentityKey.FromPem(Encoding.ASCII.GetBytes("# Mars\n" + pem + "\n"));
        Assert.Equal(key.Public, back.Public);
        Assert.True(key.Public.Verify(new byte[32], back.Sign(new byte[32])));
    }

    [Fact]
    public void Pem_whose_block_holds_more_than_a_key_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = PemEncoding.Write("PRIVATE KEY", [.. key.ExportPkcs8PrivateKey(), 0]);
        Assert.Throws<CryptographicException>(() => IdentityKey.FromPem(Encoding.ASCII.GetBytes(pem)));
    }

    [Fact]
    public void Pem_of_another_kind_is_refused_with_the_fix_and_without_the_text()
    {
        using var rsa = RSA.Create(2048);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string[] bad =
        [
            "", "canary", rsa.ExportPkcs8PrivateKeyPem(), p384.ExportPkcs8PrivateKeyPem(), p256.ExportSubjectPublicKeyInfoPem(),
            p256.ExportECPrivateKeyPem(), "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----",
        ];
        foreach (var pem in bad)
        {
            var message = Assert.ThrowsAny<CryptographicException>(() => IdentityKey.FromPem(Encoding.ASCII.GetBytes(pem))).Message;
            Assert.Contains("keygen", message, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", message, StringComparison.Ordinal);
            Assert.DoesNotContain("Y2FuYXJ5", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Public_key_compares_by_point_and_shows_a_fingerprint()
    {
        using var key = IdentityKey.Generate(new SeededRandom(1));
        using var other = IdentityKey.Generate(new SeededRandom(2));
        var copy = new IdentityPublicKey(key.Public.Point);
        Assert.Equal(key.Public, copy);
        Assert.Equal(key.Public.GetHashCode(), copy.GetHashCode());
        Assert.NotEqual(key.Public, other.Public);
        Assert.Equal(PublicBytes.Hex(SHA256.HashData(copy.SubjectPublicKeyInfo))[..32], copy.Fingerprint);
        using var platform = ECDsa.Create();
        platform.ImportSubjectPublicKeyInfo(copy.SubjectPublicKeyInfo, out var read);
        Assert.Equal(copy.SubjectPublicKeyInfo.Length, read);
        Assert.Equal(copy.SubjectPublicKeyInfo, platform.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void Certificate_carries_the_key_the_names_and_both_usages()
    {
        using var key = IdentityKey.Generate();
        using var certificate = key.CreateCertificate("Mars, \"Red\" clinic", s_start, s_start.AddDays(30), ["mars.example", "127.0.0.1"]);
        Assert.Equal(key.Public, IdentityPublicKey.FromCertificate(certificate));
        Assert.True(certificate.HasPrivateKey);
        Assert.Equal("Mars, \"Red\" clinic", certificate.GetNameInfo(X509NameType.SimpleName, false));
        Assert.True(certificate.MatchesHostname("mars.example"));
        Assert.True(certificate.MatchesHostname("127.0.0.1"));
        Assert.False(certificate.MatchesHostname("titan.example"));
        var usages = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages;
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], usages.Cast<Oid>().Select(oid => oid.Value!));
        Assert.Equal(s_start.AddDays(30), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
    }

    [Fact]
    public void Certificate_of_another_key_kind_is_refused()
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=rsa", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(s_start, s_start.AddDays(1));
        Assert.ThrowsAny<CryptographicException>(() => IdentityPublicKey.FromCertificate(certificate));
    }

    [Fact]
    public async Task Certificates_authenticate_both_ends_of_a_Tls13_connection()
    {
        using var station = IdentityKey.Generate();
        using var outpost = IdentityKey.Generate();
        using var stationCertificate = station.CreateCertificate("station", s_start, s_start.AddYears(50));
        using var outpostCertificate = outpost.CreateCertificate("mars", s_start, s_start.AddYears(50));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        var accepting = listener.AcceptTcpClientAsync();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint).Guard();
        using var server = await accepting.Guard();

        IdentityPublicKey? seenByServer = null;
        IdentityPublicKey? seenByClient = null;
        await using var serverTls = new SslStream(server.GetStream());
        await using var clientTls = new SslStream(client.GetStream());
        var serving = serverTls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = stationCertificate,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => Pin(certificate, outpost.Public, out seenByServer),
        });
        await clientTls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "station",
            ClientCertificates = [outpostCertificate],
            EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => Pin(certificate, station.Public, out seenByClient),
        }).Guard();
        await serving.Guard();

        await clientTls.WriteAsync(new byte[] { 42 }).AsTask().Guard();
        var received = new byte[1];
        await serverTls.ReadExactlyAsync(received).AsTask().Guard();
        Assert.Equal(42, received[0]);
        Assert.Equal(SslProtocols.Tls13, serverTls.SslProtocol);
        Assert.Equal(outpost.Public, seenByServer);
        Assert.Equal(station.Public, seenByClient);
    }

    private static ECDomainParameters Domain()
    {
        var curve = ECNamedCurveTable.GetByName("P-256");
        return new(curve.Curve, curve.G, curve.N, curve.H);
    }

    private static bool Pin(X509Certificate? certificate, IdentityPublicKey expected, out IdentityPublicKey? seen)
    {
        seen = IdentityPublicKey.FromCertificate((X509Certificate2)certificate!);
        return seen.Equals(expected);
    }

    private static byte[] Fixed(BigInteger value)
    {
        var bytes = value.ToByteArrayUnsigned();
        return [.. new byte[32 - bytes.Length], .. bytes];
    }

    private static byte[] OtherS(byte[] signature) => [.. signature[..32], .. Fixed(s_order.Subtract(new BigInteger(1, signature, 32, 32)))];
}
