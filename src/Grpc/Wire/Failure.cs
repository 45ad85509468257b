using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Shorthand for the exceptions of this protocol.</summary>
internal static class Failure
{
    public static RpcException Of(StatusCode code, string detail, Exception? cause = null) => new(new Status(code, detail, cause));
}
