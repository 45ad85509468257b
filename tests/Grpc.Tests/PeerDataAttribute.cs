using System.Reflection;
using Xunit.Sdk;

namespace SecureAggregation.Grpc.Tests;

/// <summary>A theory's data for one foreign implementation; skipped, with the reason, when it is not installed here.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class PeerDataAttribute : DataAttribute
{
    private readonly object[] _data;

    public PeerDataAttribute(string peer, params object[] data)
    {
        Skip = Peer.Missing(peer);
        _data = [peer, .. data];
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [_data];
}
