using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client;

/// <summary>How a channel behaves.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>The most bytes of one message that may come; 4 MiB unless set, null is no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>The most bytes of one message that may be sent; no limit unless set.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>
    /// What carries the calls: client certificates, server validation, keep-alive and windows are set there. Null makes a default one.
    /// </summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether disposing the channel disposes <see cref="HttpHandler"/> too; a default handler always goes with it.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>Where calls are logged.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Services: a <see cref="TimeProvider"/> for deadlines and an <see cref="ILoggerFactory"/> are taken from here.</summary>
    public IServiceProvider? ServiceProvider { get; set; }
}
