using System.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// Is told the methods of a service by generated code and makes an endpoint of each. Without handlers they are those of a
/// <typeparamref name="TService"/> made for the call; with handlers the service object exists already and TService is not used.
/// </summary>
internal sealed class ServiceBinder<TService>(IEndpointRouteBuilder routes, GrpcServiceOptions options) : ServiceBinderBase
    where TService : class
{
    private delegate Task DuplexMethod<TRequest, TResponse>(
        TService service, IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context);

    public List<IEndpointConventionBuilder> Endpoints { get; } = [];

    public HashSet<string> ServiceNames { get; } = [];

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = handler?.Method ?? Implementation(method, typeof(TRequest), typeof(ServerCallContext));
        Func<TService, TRequest, ServerCallContext, Task<TResponse>> invoke = handler is null
            ? implementation.CreateDelegate<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>()
            : (_, request, context) => handler(request, context);
        Map(method, implementation, async (service, call) =>
        {
            var request = await new RequestStream<TRequest>(call, method.RequestMarshaller).ReadSingleAsync();
            await call.WriteSingleAsync(await invoke(service, request, call), method.ResponseMarshaller);
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = handler?.Method ?? Implementation(method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>> invoke = handler is null
            ? implementation.CreateDelegate<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>()
            : (_, requests, context) => handler(requests, context);
        Map(method, implementation, async (service, call) =>
        {
            var requests = new RequestStream<TRequest>(call, method.RequestMarshaller);
            await call.WriteSingleAsync(await invoke(service, requests, call), method.ResponseMarshaller);
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = handler?.Method
            ?? Implementation(method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task> invoke = handler is null
            ? implementation.CreateDelegate<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>()
            : (_, request, responses, context) => handler(request, responses, context);
        Map(method, implementation, async (service, call) =>
        {
            var request = await new RequestStream<TRequest>(call, method.RequestMarshaller).ReadSingleAsync();
            await invoke(service, request, new ResponseStream<TResponse>(call, method.ResponseMarshaller), call);
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = handler?.Method ?? Implementation(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        DuplexMethod<TRequest, TResponse> invoke = handler is null
            ? implementation.CreateDelegate<DuplexMethod<TRequest, TResponse>>()
            : (_, requests, responses, context) => handler(requests, responses, context);
        Map(method, implementation, (service, call) => invoke(
            service,
            new RequestStream<TRequest>(call, method.RequestMarshaller),
            new ResponseStream<TResponse>(call, method.ResponseMarshaller),
            call));
    }

    private static MethodInfo Implementation(IMethod method, params Type[] parameters) =>
        typeof(TService).GetMethod(method.Name, BindingFlags.Public | BindingFlags.Instance, parameters)
        ?? throw new InvalidOperationException($"{typeof(TService)} has no public method {method.Name} for {method.FullName}.");

    private void Map(IMethod method, MethodInfo implementation, Func<TService, ServerCall, Task> body)
    {
        // Attributes of the method come last: for a policy or a limit, the last one counts.
        var service = implementation.ReflectedType!;
        var metadata = new List<object> { new GrpcMethodMetadata(service, method), new HttpMethodMetadata([HttpMethods.Post]) };
        metadata.AddRange(service.GetCustomAttributes(inherit: true));
        metadata.AddRange(implementation.GetCustomAttributes(inherit: true));
        var handler = new CallHandler<TService>(method, options, body);
        var endpoint = routes.Map(method.FullName, handler.HandleAsync);
        Endpoints.Add(endpoint.WithMetadata([.. metadata]).WithDisplayName($"gRPC - {method.FullName}"));
        ServiceNames.Add(method.ServiceName);
    }
}
