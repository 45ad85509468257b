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
        if (!await CallHandler.IsGrpcAsync(http, method.FullName)) return;
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
    private const long MostRest = 1 << 20;

    public static ILogger Logger(HttpContext http) =>
        http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Grpc.AspNetCore.Server");

    /// <summary>Whether this is a gRPC request at all; if not, HTTP is told so.</summary>
    public static async Task<bool> IsGrpcAsync(HttpContext http, string method)
    {
        string reason;
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol))
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            reason = $"gRPC needs HTTP/2; the request came over {http.Request.Protocol}.";
        }
        else if (!Headers.IsGrpc(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            reason = "the content type is not application/grpc.";
        }
        else
        {
            return true;
        }

        GrpcLog.Refused(Logger(http), method, reason);
        await http.Response.CompleteAsync();
        await ReadRestAsync(http);
        return false;
    }

    /// <summary>The answer to a path that no service has.</summary>
    public static async Task RefuseUnknownAsync(HttpContext http, string what)
    {
        if (!await IsGrpcAsync(http, "An unknown " + what)) return;
        http.Response.ContentType = Headers.ContentType;
        http.Response.Headers[Headers.Status] = ((int)StatusCode.Unimplemented).ToString();
        http.Response.Headers[Headers.Message] = $"The server does not have this {what}.";
        await http.Response.CompleteAsync();
        await ReadRestAsync(http);
    }

    /// <summary>
    /// Reads what is left of a request that is answered already, within reason. Otherwise HTTP/2 resets the stream, and Kestrel closes a
    /// connection with many such resets at a time (ENHANCE_YOUR_CALM), which hits the calls beside it.
    /// </summary>
    public static async Task ReadRestAsync(HttpContext http)
    {
        var left = MostRest;
        try
        {
            while (left > 0)
            {
                var result = await http.Request.BodyReader.ReadAsync(http.RequestAborted);
                left -= result.Buffer.Length;
                http.Request.BodyReader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted) return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The caller left, or the body was broken off inside a message: nothing is left to read.
        }
    }
}
