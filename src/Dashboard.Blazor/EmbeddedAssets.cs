using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;

namespace SecureAggregation.Dashboard.Blazor;

/// <summary>
/// Everything that the browser loads, out of the program itself: no folder to deploy, no foreign address, and an address that holds the
/// content's hash, so that a browser may keep it for ever.
/// </summary>
internal static class EmbeddedAssets
{
    private const string Root = "/_deck";
    private static readonly string[] s_sheets = ["tokens.css", "layout.css", "controls.css", "forms.css", "charts.css", "results.css", "ask.css", "shell.css", "outposts.css", "transcript.css"];

    /// <summary>What a report of one file needs of them, and its own rules.</summary>
    private static readonly string[] s_reportSheets = ["tokens.css", "controls.css", "charts.css", "results.css", "report.css"];
    private static readonly FrozenDictionary<string, Asset> s_assets = Load();

    public static string Url(string name) => s_assets[name].Url;

    public static string Text(string name) => System.Text.Encoding.UTF8.GetString(s_assets[name].Bytes);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var asset in s_assets.Values) routes.MapGet(asset.Url, asset.SendAsync).AllowAnonymous();
    }

    private static FrozenDictionary<string, Asset> Load()
    {
        var stars = new Asset("stars.svg", "image/svg+xml", Read("stars.svg"));
        var sheet = Join(s_sheets).Replace("stars.svg", stars.Url, StringComparison.Ordinal);
        Asset[] assets =
        [
            stars,
            new("deck.css", "text/css; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(sheet)),
            new("report.css", "text/css; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(Join(s_reportSheets))),
            new("deck.js", "text/javascript; charset=utf-8", Read("deck.js")),
            new("blazor.web.js", "text/javascript; charset=utf-8", Read("blazor.web.js")),
            new("station.svg", "image/svg+xml", Read("station.svg")),
        ];
        return assets.ToFrozenDictionary(asset => asset.Name);
    }

    private static string Join(string[] sheets) => string.Concat(sheets.Select(name => System.Text.Encoding.UTF8.GetString(Read(name))));

    public static byte[] Read(string name)
    {
        using var resource = typeof(EmbeddedAssets).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The program was built without {name}; build it again (eng/BlazorScript.targets).");
        using var copy = new MemoryStream();
        resource.CopyTo(copy);
        return copy.ToArray();
    }

    private sealed class Asset
    {
        private readonly string _type;
        private readonly byte[] _brotli;

        public Asset(string name, string type, byte[] bytes)
        {
            (Name, _type, Bytes) = (name, type, bytes);
            Url = $"{Root}/{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}/{name}";
            using var packed = new MemoryStream();
            using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true)) brotli.Write(bytes);
            _brotli = packed.ToArray();
        }

        public string Name { get; }

        public string Url { get; }

        public byte[] Bytes { get; }

        public Task SendAsync(HttpContext context)
        {
            var packed = context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
            var response = context.Response;
            response.ContentType = _type;
            response.Headers.CacheControl = "public, max-age=31536000, immutable";
            response.Headers.Vary = "Accept-Encoding";
            if (packed) response.Headers.ContentEncoding = "br";
            var body = packed ? _brotli : Bytes;
            response.ContentLength = body.Length;
            return response.Body.WriteAsync(body, context.RequestAborted).AsTask();
        }
    }
}
