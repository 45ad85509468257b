using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace SecureAggregation.Party.Data;

/// <summary>
/// A file behind an https address (http only on this machine: rows must not cross a network in the clear). Redirects are followed from https to https;
/// a user and password in the address are sent to its own host alone.
/// </summary>
internal sealed class HttpFile : IRemoteFile, IDisposable
{
    private const int MostRedirects = 5;

    private readonly Uri _address;
    private readonly HttpClient _client;

    /// <param name="address">The address.</param>
    /// <param name="handler">The way out, for tests; owned.</param>
    public HttpFile(Uri address, HttpMessageHandler? handler = null)
    {
        _address = address;
        Name = address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        _client = new HttpClient(handler ?? new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(15),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Without user, password and query, where signatures stand.</summary>
    public string Name { get; }

    /// <summary>Whether rows may come from an address.</summary>
    public static bool IsAllowed(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    public async Task<RemoteBody> FetchAsync(long from, string? version, CancellationToken cancellationToken)
    {
        var address = _address;
        for (var redirects = 0; ; redirects++)
        {
            var response = await SendAsync(address, from, version, cancellationToken);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent) return await BodyAsync(response, from, cancellationToken);
            using (response)
            {
                if (response.Headers.Location is not { } location || (int)response.StatusCode is not (301 or 302 or 303 or 307 or 308)) throw Refused(response);
                if (redirects == MostRedirects) throw new DataSourceException($"'{Name}' leads on more than {MostRedirects} times; give the final address.");
                var next = new Uri(address, location);
                address = next.Scheme == Uri.UriSchemeHttps && address.Scheme == Uri.UriSchemeHttps ? next : throw new DataSourceException(
                    $"'{Name}' leads to another address in the clear, or from one; redirects are followed from https to https only. Give the final address.");
            }
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(Uri address, long from, string? version, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address.GetComponents(
            UriComponents.SchemeAndServer | UriComponents.PathAndQuery, UriFormat.UriEscaped));
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (_address.UserInfo.Length > 0 && address.Authority == _address.Authority)
        {
            var user = Encoding.UTF8.GetBytes(Uri.UnescapeDataString(_address.UserInfo));
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(user));
        }

        if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
        if (version is not null) request.Headers.IfMatch.Add(new EntityTagHeaderValue(version));
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private async Task<RemoteBody> BodyAsync(HttpResponseMessage response, long from, CancellationToken cancellationToken)
    {
        var headers = response.Content.Headers;
        if (from > 0 && (response.StatusCode != HttpStatusCode.PartialContent || headers.ContentRange?.From != from))
        {
            response.Dispose();
            throw new DataSourceException(string.Create(
                CultureInfo.InvariantCulture, $"'{Name}': the connection broke after {from} bytes, and the server cannot send the rest alone; ask again."));
        }

        var length = from > 0 ? headers.ContentRange?.Length : headers.ContentLength;
        var version = response.Headers.ETag is { IsWeak: false, Tag: var tag } ? tag : null;
        return new RemoteBody(await response.Content.ReadAsStreamAsync(cancellationToken), length, version);
    }

    private DataSourceException Refused(HttpResponseMessage response) => new(response.StatusCode switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => $"'{Name}': the server refuses it; check the user and password, or the signature, in the dataset's Url.",
        HttpStatusCode.NotFound or HttpStatusCode.Gone => $"'{Name}' is not there; check the dataset's Url in the configuration.",
        HttpStatusCode.PreconditionFailed => $"'{Name}' changed while it was read; ask again.",
        var status => string.Create(CultureInfo.InvariantCulture, $"'{Name}': the server answers {(int)status}."),
    });
}
