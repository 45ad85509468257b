using System.Net;
using System.Security.Authentication;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>What HTTP says, in the terms of gRPC: the mappings of the protocol's documents.</summary>
internal static class HttpErrors
{
    public static StatusCode ToStatusCode(HttpStatusCode code) => code switch
    {
        HttpStatusCode.BadRequest => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
            StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    /// <summary>The status of a call that the transport could not carry to its end.</summary>
    public static Status ToStatus(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case RpcException rpc:
                    return rpc.Status;
                case HttpProtocolException protocol:
                    return new(ToStatusCode(protocol.ErrorCode), $"HTTP/2 error {protocol.ErrorCode} reset the stream.", exception);
                case AuthenticationException:
                    return new(StatusCode.Unavailable, $"The TLS handshake failed: {e.Message}", exception);
                case OperationCanceledException when e == exception:
                    return new(StatusCode.Cancelled, "The call was cancelled.", exception);
            }
        }

        return exception is HttpRequestException or IOException or ObjectDisposedException
            ? new(StatusCode.Unavailable, $"The connection failed: {exception.GetBaseException().Message}", exception)
            : new(StatusCode.Internal, $"The call could not be made: {exception.Message}", exception);
    }

    // RFC 9113, section 7, by the table of gRPC's HTTP/2 document.
    private static StatusCode ToStatusCode(long http2Error) => http2Error switch
    {
        0x7 => StatusCode.Unavailable,
        0x8 => StatusCode.Cancelled,
        0xb => StatusCode.ResourceExhausted,
        0xc => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };
}
