namespace Grpc.Core;

/// <summary>The root of generated clients.</summary>
public abstract class ClientBase
{
    private readonly ClientBaseConfiguration? _configuration;

    /// <summary>For test doubles, which override every call.</summary>
    protected ClientBase()
    {
    }

    /// <summary>A client with a configuration.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _configuration = configuration;
    }

    /// <summary>A client over an invoker.</summary>
    protected ClientBase(CallInvoker callInvoker)
        : this(new ClientBaseConfiguration(callInvoker))
    {
    }

    /// <summary>A client over a channel.</summary>
    protected ClientBase(ChannelBase channel)
        : this((channel ?? throw new ArgumentNullException(nameof(channel))).CreateCallInvoker())
    {
    }

    /// <summary>What the calls go through.</summary>
    /// <exception cref="InvalidOperationException">The client is a test double.</exception>
    protected CallInvoker CallInvoker => Configuration.CallInvoker;

    internal ClientBaseConfiguration Configuration =>
        _configuration ?? throw new InvalidOperationException("This client has no channel: override the method in the test double.");

    /// <summary>What a client needs; opaque.</summary>
    protected internal class ClientBaseConfiguration
    {
        internal ClientBaseConfiguration(CallInvoker callInvoker)
        {
            ArgumentNullException.ThrowIfNull(callInvoker);
            CallInvoker = callInvoker;
        }

        internal CallInvoker CallInvoker { get; }
    }
}

/// <summary>The root of a generated client of type <typeparamref name="T"/>.</summary>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    /// <summary>For test doubles, which override every call.</summary>
    protected ClientBase()
    {
    }

    /// <summary>A client with a configuration.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
        : base(configuration)
    {
    }

    /// <summary>A client over an invoker.</summary>
    protected ClientBase(CallInvoker callInvoker)
        : base(callInvoker)
    {
    }

    /// <summary>A client over a channel.</summary>
    protected ClientBase(ChannelBase channel)
        : base(channel)
    {
    }

    /// <summary>Another client with a configuration.</summary>
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
