using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Names of the protocol's own headers, and metadata to header values and back.</summary>
internal static class Headers
{
    public const string ContentType = "application/grpc";
    public const string Identity = "identity";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Timeout = "grpc-timeout";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";

    /// <summary>Whether a media type is application/grpc, perhaps with +proto or parameters; not application/grpc-web.</summary>
    public static bool IsGrpc(string? mediaType) =>
        mediaType is not null && mediaType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (mediaType.Length == ContentType.Length || mediaType[ContentType.Length] is '+' or ';' or ' ');

    /// <summary>Whether a header is the protocol's or the transport's, and so no metadata.</summary>
    public static bool IsReserved(string name) =>
        name.StartsWith(':')
        || name.Equals(Encoding, StringComparison.OrdinalIgnoreCase)
        || name.Equals(AcceptEncoding, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Timeout, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Status, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Message, StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-type", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-length", StringComparison.OrdinalIgnoreCase)
        || name.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase)
        || name.Equals("connection", StringComparison.OrdinalIgnoreCase)
        || name.Equals("host", StringComparison.OrdinalIgnoreCase)
        || name.Equals("te", StringComparison.OrdinalIgnoreCase);

    /// <summary>An entry as a header value.</summary>
    /// <exception cref="ArgumentException">The key belongs to the protocol.</exception>
    public static string ValueOf(Metadata.Entry entry)
    {
        if (IsReserved(entry.Key))
            throw new ArgumentException($"Metadata '{entry.Key}' is a header of the protocol itself; choose another key.", nameof(entry));
        return entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes).TrimEnd('=') : entry.Value;
    }

    /// <summary>Adds a header that came; what is no valid metadata is left out, as a stranger's header must not break the call.</summary>
    public static void AddTo(Metadata metadata, string name, string value)
    {
        if (IsReserved(name)) return;
        try
        {
            if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase)) metadata.Add(name, value);
            else foreach (var one in value.Split(',')) metadata.Add(name, FromBase64(one.Trim()));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
        }
    }

    /// <summary>Reads base64 with or without its padding.</summary>
    private static byte[] FromBase64(string text) =>
        Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
}
