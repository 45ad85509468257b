using System.Net;
using SecureAggregation.Protocol;

namespace SecureAggregation.Client;

/// <summary>A published log on a web server. The server need not be trusted, nor the way to it: everything is held against the signed head.</summary>
/// <param name="http">Fetches.</param>
/// <param name="address">The log's address; `checkpoint` is right below.</param>
public sealed class TileSite(HttpClient http, Uri address) : ITileFiles
{
    private readonly Uri _address = address.AbsoluteUri.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellation = default)
    {
        var from = new Uri(_address, path);
        try
        {
            return await FetchAsync(from, TilePaths.Longest(path), cancellation);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException($"{from} cannot be fetched: the server did not answer in time.", e);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<string>? List() => null;

    private async Task<byte[]?> FetchAsync(Uri from, int most, CancellationToken cancellation)
    {
        using var answer = await http.GetAsync(from, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone) return null;
        if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"{from} cannot be fetched: the server answered {(int)answer.StatusCode}.");
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        using var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int read; (read = await body.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (bytes.Length + read > most) throw new IOException($"{from} has more than {most} bytes; this file of a log has no more.");
            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }
}
