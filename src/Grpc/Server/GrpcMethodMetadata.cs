using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>On every endpoint of a service: which service and method it is.</summary>
public sealed class GrpcMethodMetadata(Type serviceType, IMethod method)
{
    /// <summary>The class that answers.</summary>
    public Type ServiceType { get; } = serviceType;

    /// <summary>The method.</summary>
    public IMethod Method { get; } = method;
}
