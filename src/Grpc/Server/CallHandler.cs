using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>From an HTTP request to a call of a service's method.</summary>
internal sealed class CallHandler<TService>(IMethod method, GrpcServiceOptions options, Func<TService, ServerCall, Task> body)
    where TService : class
{
    private static readonly ObjectFactory<TService> s_create = ActivatorUtilities.CreateFactory<TService>([]);

    public async Task HandleAsync(HttpContext http)
    {
        if (!CallHandler.IsGrpc(http, method.FullName)) return;
        LiftLimits(http);
        var call = new ServerCall(http, method, options, SystemClock.From(http.RequestServices), CallHandler.Logger(http));
        await call.RunAsync(async () =>
        {
            if (http.RequestServices.GetService<TService>() is { } registered)
            {
                await body(registered, call);
                return;
            }

            var own = s_create(http.RequestServices, []);
            try
            {
                await body(own, call);
            }
            finally
            {
                if (own is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
                else (own as IDisposable)?.Dispose();
            }
        });
    }

    // A stream may be idle for hours and as long as it likes; what is limited is a message.
    private static void LiftLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }
}

/// <summary>What is the same for every service.</summary>
internal static class CallHandler
{
    public static ILogger Logger(HttpContext http) =>
        http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Grpc.AspNetCore.Server");

    /// <summary>Whether this is a gRPC request at all; if not, HTTP is told so.</summary>
    public static bool IsGrpc(HttpContext http, string method)
    {
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol))
            return Refuse(StatusCodes.Status426UpgradeRequired, $"gRPC needs HTTP/2; the request came over {http.Request.Protocol}.");
        if (!Headers.IsGrpc(http.Request.ContentType))
            return Refuse(StatusCodes.Status415UnsupportedMediaType, "the content type is not application/grpc.");
        return true;

        bool Refuse(int status, string reason)
        {
            GrpcLog.Refused(Logger(http), method, reason);
            http.Response.StatusCode = status;
            return false;
        }
    }

    /// <summary>The answer to a path that no service has.</summary>
    public static async Task RefuseUnknownAsync(HttpContext http, string what)
    {
        if (!IsGrpc(http, "An unknown " + what)) return;
        http.Response.ContentType = Headers.ContentType;
        http.Response.Headers[Headers.Status] = ((int)StatusCode.Unimplemented).ToString();
        http.Response.Headers[Headers.Message] = $"The server does not have this {what}.";
        await http.Response.CompleteAsync();
    }
}
