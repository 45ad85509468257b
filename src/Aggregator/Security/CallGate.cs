using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace SecureAggregation.Aggregator.Security;

/// <summary>
/// Stands between routing and the services: who may not call is answered from the call's headers alone, before a byte of its body is read. The answer is one
/// frame of headers with the status; the server then gives up what the caller still sends.
/// </summary>
internal sealed class CallGate(Access access)
{
    private const string ContentType = "application/grpc";

    /// <summary>Lets a call through with its <see cref="Caller"/>, or ends it.</summary>
    public Task Pass(HttpContext http, RequestDelegate next)
    {
        if (http.GetEndpoint()?.Metadata is not { } metadata || metadata.GetMetadata<IAllowAnonymous>() is not null) return next(http);
        try
        {
            // A method or service that does not exist has no rule; that it does not is told to members.
            var allowed = metadata.GetMetadata<AdmitsAttribute>()?.Allowed ?? Roles.Member;
            // The path is a stranger's words, with line breaks if he likes: it goes into no log.
            var method = metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName ?? "a method that does not exist";
            http.Features.Set(access.Admit(http.Connection.ClientCertificate, allowed, method));
        }
        catch (RpcException e)
        {
            Refuse(http, e.Status);
            return Task.CompletedTask;
        }

        return next(http);
    }

    /// <summary>Looks whether each method has its rule.</summary>
    /// <param name="endpoints">All of the server's.</param>
    /// <exception cref="InvalidOperationException">One has none.</exception>
    public static void Check(IEnumerable<Endpoint> endpoints)
    {
        foreach (var metadata in endpoints.Select(e => e.Metadata))
        {
            if (metadata.GetMetadata<GrpcMethodMetadata>() is { } call && metadata.GetMetadata<AdmitsAttribute>() is null && metadata.GetMetadata<IAllowAnonymous>() is null)
                throw new InvalidOperationException($"Nothing says who may call {call.Method.FullName}: put [Admits(…)] on the method of {call.ServiceType.Name}.");
        }
    }

    private static void Refuse(HttpContext http, Status status)
    {
        // Whoever does not speak gRPC understands HTTP's own word for it.
        if (http.Request.ContentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) != true)
            http.Response.StatusCode = status.StatusCode == StatusCode.Unauthenticated ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden;
        http.Response.ContentType = ContentType;
        http.Response.Headers["grpc-status"] = ((int)status.StatusCode).ToString();
        http.Response.Headers["grpc-message"] = Uri.EscapeDataString(status.Detail);
    }
}
