using Google.Protobuf;

namespace SecureAggregation.Benchmarks;

/// <summary>An outpost of `load` and `siege`, in as many rounds at once as there are.</summary>
/// <param name="world">Keys and the question.</param>
/// <param name="index">Which party.</param>
/// <param name="station">Its address.</param>
/// <param name="total">Told the id and the total of each round that ended with one.</param>
/// <param name="fault">Told what goes wrong.</param>
internal sealed class LoadParty(NetworkWorld world, int index, string station, Action<ByteString, ByteString> total, Action<string> fault) : BareParty(world, index, station)
{
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Returns when the stream stands.</summary>
    public async Task ConnectAsync()
    {
        await DialAsync();
        await _connected.Task;
    }

    protected override void OnConnected() => _connected.TrySetResult();

    protected override void OnFault(string what) => fault($"party {Index}: {what}");

    protected override void OnTotal(ByteString round, ByteString packed) => total(round, packed);
}
