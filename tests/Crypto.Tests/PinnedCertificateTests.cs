using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class PinnedCertificateTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly IdentityKey s_station = IdentityKey.Generate(new SeededRandom(1));
    private static readonly IdentityKey s_other = IdentityKey.Generate(new SeededRandom(2));

    [Theory]
    [InlineData(-10)]
    [InlineData(0)]
    [InlineData(24 * 60)]
    public void Certificate_of_the_pinned_key_in_its_time_has_no_problem(int minutes)
    {
        using var certificate = PinnedCertificate.Make(s_station, "station", s_now);

        Assert.Null(PinnedCertificate.Problem(certificate, s_station.Public, s_now.AddMinutes(minutes), "the station"));
    }

    [Fact]
    public void Certificate_of_another_key_names_both()
    {
        using var certificate = PinnedCertificate.Make(s_other, "station", s_now);

        var problem = PinnedCertificate.Problem(certificate, s_station.Public, s_now, "the station");

        Assert.Contains(s_other.Public.Fingerprint, problem, StringComparison.Ordinal);
        Assert.Contains($"is not the roster's {s_station.Public.Fingerprint}", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-11, "valid only from")]
    [InlineData((24 * 60) + 6, "expired")]
    public void Certificate_out_of_its_time_is_refused(int minutes, string said)
    {
        using var certificate = PinnedCertificate.Make(s_station, "station", s_now);

        Assert.Contains(said, PinnedCertificate.Problem(certificate, s_station.Public, s_now.AddMinutes(minutes), "the station"), StringComparison.Ordinal);
    }

    [Fact]
    public void No_certificate_and_one_of_another_kind_are_refused()
    {
        using var rsa = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=station", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(s_now, s_now.AddDays(1));

        Assert.Contains("no certificate", PinnedCertificate.Problem(null, s_station.Public, s_now, "the station"), StringComparison.Ordinal);
        Assert.Contains("P-256", PinnedCertificate.Problem(certificate, s_station.Public, s_now, "the station"), StringComparison.Ordinal);
    }
}
