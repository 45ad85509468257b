using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Services to endpoints.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps a service, which derives from a generated base class. Its instances come from the host's services, or are made for each call.
    /// </summary>
    /// <exception cref="InvalidOperationException">AddGrpc was not called, or the type is no service.</exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class => Map<TService>(builder, Bind);

    /// <summary>Maps the methods of one service object, e.g. <c>Greeter.BindService(greeter)</c>; all calls share it.</summary>
    /// <exception cref="InvalidOperationException">AddGrpc was not called.</exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService(
        this IEndpointRouteBuilder builder, ServerServiceDefinition serviceDefinition)
    {
        ArgumentNullException.ThrowIfNull(serviceDefinition);
        return Map<object>(builder, serviceDefinition.BindService);
    }

    private static GrpcServiceEndpointConventionBuilder Map<TService>(IEndpointRouteBuilder builder, Action<ServiceBinder<TService>> bind)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        var routes = builder.ServiceProvider.GetService<GrpcRoutes>()
            ?? throw new InvalidOperationException("gRPC is not among the host's services: call services.AddGrpc() before MapGrpcService.");
        var binder = new ServiceBinder<TService>(builder, Options<TService>(builder.ServiceProvider));
        bind(binder);
        var endpoints = new List<IEndpointConventionBuilder>(binder.Endpoints);
        foreach (var service in binder.ServiceNames)
            endpoints.Add(MapUnknown(builder, RoutePatternFactory.Parse($"{service}/{{unknownMethod}}"), "method"));
        if (!routes.UnknownServiceMapped)
        {
            // Only for gRPC's content type, so that a host's other routes keep their own 404.
            var onlyGrpc = new { unknownService = new GrpcContentTypeConstraint() };
            var anyService = RoutePatternFactory.Parse("{unknownService}/{unknownMethod}", defaults: null, onlyGrpc);
            MapUnknown(builder, anyService, "service");
            routes.UnknownServiceMapped = true;
        }

        return new(endpoints);
    }

    private static IEndpointConventionBuilder MapUnknown(IEndpointRouteBuilder builder, RoutePattern pattern, string what) =>
        builder.Map(pattern, http => CallHandler.RefuseUnknownAsync(http, what))
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Post]))
            .WithDisplayName($"gRPC - unknown {what}");

    private static GrpcServiceOptions<TService> Options<TService>(IServiceProvider services)
        where TService : class
    {
        var all = services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
        var own = new GrpcServiceOptions<TService>
        {
            MaxReceiveMessageSize = all.MaxReceiveMessageSize,
            MaxSendMessageSize = all.MaxSendMessageSize,
            EnableDetailedErrors = all.EnableDetailedErrors,
        };
        foreach (var configure in services.GetServices<IConfigureOptions<GrpcServiceOptions<TService>>>()) configure.Configure(own);
        return own;
    }

    private static void Bind<TService>(ServiceBinder<TService> binder)
        where TService : class
    {
        for (var type = typeof(TService); type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is not { } attribute) continue;
            const BindingFlags anyStatic = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static;
            var bind = attribute.BindType.GetMethod(attribute.BindMethodName, anyStatic, [typeof(ServiceBinderBase), type]);
            if (bind is null) break;
            bind.Invoke(null, [binder, null]);
            return;
        }

        throw new InvalidOperationException(
            $"{typeof(TService)} is no gRPC service: derive it from a generated base class, e.g. Greeter.GreeterBase.");
    }

    private sealed class GrpcContentTypeConstraint : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            Grpc.Wire.Headers.IsGrpc(httpContext?.Request.ContentType);
    }
}
