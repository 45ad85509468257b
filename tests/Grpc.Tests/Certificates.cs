using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SecureAggregation.Grpc.Tests;

/// <summary>Self-signed P-256 certificates, made anew for each run and trusted by pinning.</summary>
public static class Certificates
{
    public static X509Certificate2 Server { get; } = SelfSigned("localhost");

    public static X509Certificate2 Client { get; } = SelfSigned("party-1");

    public static X509Certificate2 Stranger { get; } = SelfSigned("stranger");

    /// <summary>The server's and the client's as PEM files, for the foreign peers.</summary>
    public static string Folder { get; } = WriteFolder();

    public static bool Same(X509Certificate? one, X509Certificate2 other) =>
        one is not null && CryptographicOperations.FixedTimeEquals(one.GetRawCertData(), other.RawData);

    private static string WriteFolder()
    {
        var folder = Directory.CreateTempSubdirectory("grpc-tests-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        foreach (var (name, certificate) in new[] { ("server", Server), ("client", Client) })
        {
            using var key = certificate.GetECDsaPrivateKey()!;
            File.WriteAllText(Path.Combine(folder, $"{name}.crt"), certificate.ExportCertificatePem());
            File.WriteAllText(Path.Combine(folder, $"{name}.key"), key.ExportPkcs8PrivateKeyPem());
        }

        return folder;
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
    }
}
