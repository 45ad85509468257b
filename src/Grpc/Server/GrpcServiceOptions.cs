namespace Grpc.AspNetCore.Server;

/// <summary>How services behave, all of them or (set with AddServiceOptions) one.</summary>
public class GrpcServiceOptions
{
    /// <summary>The most bytes of one message that may come; 4 MiB unless set, null is no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>The most bytes of one message that may be sent; no limit unless set.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Whether callers are told the type and message of an exception that a method throws; off unless set.</summary>
    public bool? EnableDetailedErrors { get; set; }
}

/// <summary>How one service behaves.</summary>
public class GrpcServiceOptions<TService> : GrpcServiceOptions
    where TService : class;
