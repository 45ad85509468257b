namespace Grpc.AspNetCore.Server;

/// <summary>Shows that AddGrpc was called, and remembers whether the answer for unknown services is mapped.</summary>
internal sealed class GrpcRoutes
{
    public bool UnknownServiceMapped { get; set; }
}
