namespace Grpc.Wire;

/// <summary>The clock of calls whose host registered none.</summary>
internal static class SystemClock
{
    /// <summary>The <see cref="TimeProvider"/> among the services, else the system's.</summary>
    public static TimeProvider From(IServiceProvider? services) =>
        (TimeProvider?)services?.GetService(typeof(TimeProvider))
#pragma warning disable RS0030 // ForAddress and AddGrpc are foreign APIs without a clock parameter; a host injects one as a service.
        ?? TimeProvider.System;
#pragma warning restore RS0030
}
