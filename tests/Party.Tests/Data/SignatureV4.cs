using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SecureAggregation.Party.Tests.Data;

/// <summary>
/// Checks a request's signature as a store does: AWS Signature Version 4 in the Authorization header, from the documentation of "Authenticating requests"
/// of Amazon S3; written apart from the SDK that signs.
/// </summary>
internal static class SignatureV4
{
    public static bool IsValid(HttpRequest request, string accessKey, string secretKey, string region)
    {
        const string Scheme = "AWS4-HMAC-SHA256 ";
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.Ordinal)) return false;
        var parts = header[Scheme.Length..].Split(',', StringSplitOptions.TrimEntries).Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        var time = request.Headers["x-amz-date"].ToString();
        var scope = $"{time[..8]}/{region}/s3/aws4_request";
        if (parts["Credential"] != $"{accessKey}/{scope}") return false;
        var at = DateTimeOffset.ParseExact(time, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        if ((TimeProvider.System.GetUtcNow() - at).Duration() > TimeSpan.FromMinutes(15)) return false;

        var signed = parts["SignedHeaders"].Split(';');
        // What must be signed: where it goes, and what is asked of it.
        if (new[] { "host", "x-amz-content-sha256", "x-amz-date" }.Any(h => !signed.Contains(h))) return false;
        if (request.Headers.Range.Count > 0 && !signed.Contains("range")) return false;
        var query = string.Join('&', request.Query.OrderBy(q => q.Key, StringComparer.Ordinal).Select(
            q => $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(q.Value.ToString())}"));
        var canonical = new StringBuilder()
            .Append(request.Method).Append('\n')
            .Append(string.Join('/', request.Path.Value!.Split('/').Select(Uri.EscapeDataString))).Append('\n')
            .Append(query).Append('\n');
        foreach (var name in signed) canonical.Append(name).Append(':').Append(request.Headers[name].ToString().Trim()).Append('\n');
        canonical.Append('\n').Append(parts["SignedHeaders"]).Append('\n').Append(request.Headers["x-amz-content-sha256"].ToString());

        var key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (var part in scope.Split('/')) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())));
        var signature = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}"));
        return CryptographicOperations.FixedTimeEquals(signature, Convert.FromHexString(parts["Signature"]));
    }
}
