using Grpc.Core;
using Grpc.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grpc.Net.Client;

/// <summary>A way to one server over HTTP/2; made once and shared. Disposing it gives up its calls.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly CancellationTokenSource _closing = new();
    private readonly HttpMessageInvoker _http;
    private int _disposed;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        Address = address;
        Closing = _closing.Token;
        MaxReceiveMessageSize = options.MaxReceiveMessageSize;
        MaxSendMessageSize = options.MaxSendMessageSize;
        Clock = SystemClock.From(options.ServiceProvider);
        var logs = options.LoggerFactory ?? (ILoggerFactory?)options.ServiceProvider?.GetService(typeof(ILoggerFactory));
        Logger = (ILogger?)logs?.CreateLogger<GrpcChannel>() ?? NullLogger.Instance;
        _http = new(
            options.HttpHandler ?? new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
            options.HttpHandler is null || options.DisposeHttpClient);
    }

    internal Uri Address { get; }

    internal int? MaxReceiveMessageSize { get; }

    internal int? MaxSendMessageSize { get; }

    internal TimeProvider Clock { get; }

    internal ILogger Logger { get; }

    internal CancellationToken Closing { get; }

    /// <summary>A channel with the default options.</summary>
    public static GrpcChannel ForAddress(string address) => ForAddress(address, new());

    /// <summary>A channel with options.</summary>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) => ForAddress(new Uri(address), channelOptions);

    /// <summary>A channel with the default options.</summary>
    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new());

    /// <summary>A channel with options.</summary>
    /// <exception cref="ArgumentException">The address is not http:// or https:// with a host.</exception>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException(
                $"The address '{address}' must begin with http:// or https://, e.g. https://station:7443.", nameof(address));
        }

        return new(address, channelOptions);
    }

    /// <inheritdoc />
    public override CallInvoker CreateCallInvoker()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return new HttpCallInvoker(this);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _closing.Cancel();
        _closing.Dispose();
        _http.Dispose();
    }

    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _http.SendAsync(request, cancellationToken);

    /// <inheritdoc />
    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }
}
