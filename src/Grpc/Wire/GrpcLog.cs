using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.Wire;

/// <summary>Every log line of this library. None holds a message, metadata or the text of a foreign status.</summary>
internal static partial class GrpcLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} threw; the caller was told status Unknown.")]
    public static partial void HandlerThrew(ILogger logger, string method, Exception exception);

    [LoggerMessage(2, LogLevel.Debug, "{Method} ended with {StatusCode}.")]
    public static partial void CallEnded(ILogger logger, string method, StatusCode statusCode);

    [LoggerMessage(3, LogLevel.Debug, "{Method} passed its deadline.")]
    public static partial void DeadlinePassed(ILogger logger, string method);

    [LoggerMessage(4, LogLevel.Information, "{Method} was refused: {Reason}")]
    public static partial void Refused(ILogger logger, string method, string reason);

    [LoggerMessage(5, LogLevel.Debug, "{Method} failed after its answer was sent.")]
    public static partial void FailedLate(ILogger logger, string method, Exception exception);

    [LoggerMessage(6, LogLevel.Debug, "Call to {Method} ended with {StatusCode}.")]
    public static partial void ClientCallEnded(ILogger logger, string method, StatusCode statusCode, Exception? exception);
}
