using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.HealthCheck;

/// <summary>
/// The standard health service. Register one instance as a singleton, map it with <c>MapGrpcService</c>, and set the status of the
/// services by name; the empty name is the whole server.
/// </summary>
public class HealthServiceImpl : Grpc.Health.V1.Health.HealthBase
{
    private readonly ConcurrentDictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<ChannelWriter<ServingStatus>>> _watchers = new(StringComparer.Ordinal);
    private readonly CancellationToken _stopping;

    /// <summary>No service is known.</summary>
    public HealthServiceImpl()
    {
    }

    /// <summary>No service is known; when the host stops, watchers are told NOT_SERVING and let go, so as not to hold it up.</summary>
    public HealthServiceImpl(IHostApplicationLifetime lifetime)
    {
        ArgumentNullException.ThrowIfNull(lifetime);
        _stopping = lifetime.ApplicationStopping;
    }

    /// <summary>Sets the status of a service and tells its watchers.</summary>
    public void SetStatus(string service, ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_gate)
        {
            _statuses[service] = status;
            Tell(service, status);
        }
    }

    /// <summary>Forgets a service.</summary>
    public void ClearStatus(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_gate)
        {
            _statuses.TryRemove(service, out _);
            Tell(service, ServingStatus.ServiceUnknown);
        }
    }

    /// <summary>Forgets every service.</summary>
    public void ClearAll()
    {
        foreach (var service in _statuses.Keys) ClearStatus(service);
    }

    /// <summary>The status of a service now.</summary>
    /// <exception cref="RpcException">NotFound: the service is not known.</exception>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _statuses.TryGetValue(request.Service, out var status)
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw new RpcException(new(StatusCode.NotFound, $"No health status is set for service '{request.Service}'."));
    }

    /// <summary>The status of a service now and whenever it changes; a watcher that is slow sees the last change only.</summary>
    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(responseStream);
        ArgumentNullException.ThrowIfNull(context);
        var changes = Channel.CreateBounded<ServingStatus>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_gate)
        {
            if (!_watchers.TryGetValue(request.Service, out var watchers)) _watchers[request.Service] = watchers = [];
            watchers.Add(changes.Writer);
            changes.Writer.TryWrite(_statuses.GetValueOrDefault(request.Service, ServingStatus.ServiceUnknown));
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, _stopping);
        try
        {
            await foreach (var status in changes.Reader.ReadAllAsync(end.Token))
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            await responseStream.WriteAsync(new HealthCheckResponse { Status = ServingStatus.NotServing });
        }
        finally
        {
            lock (_gate)
            {
                var watchers = _watchers[request.Service];
                watchers.Remove(changes.Writer);
                if (watchers.Count == 0) _watchers.Remove(request.Service);
            }
        }
    }

    private void Tell(string service, ServingStatus status)
    {
        if (!_watchers.TryGetValue(service, out var watchers)) return;
        foreach (var watcher in watchers) watcher.TryWrite(status);
    }
}
