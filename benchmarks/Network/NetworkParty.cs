using Google.Protobuf;

namespace SecureAggregation.Benchmarks;

/// <summary>An outpost of `network`: when its masked vector is ready it waits for all the others, so that the upload is a phase of its own.</summary>
internal sealed class NetworkParty(NetworkWorld world, int index, string station, NetworkProgress progress) : BareParty(world, index, station)
{
    /// <summary>Of the round that is played.</summary>
    public NetworkProgress Progress { get; set; } = progress;

    protected override void OnConnected() => Progress.Connected.Reach(Index);

    protected override void OnFault(string what) => Progress.Fail($"party {Index}: {what}");

    protected override async Task OnMaskedAsync()
    {
        Progress.Masked.Reach(Index);
        await Progress.Masked.All;
    }

    protected override void OnStored() => Progress.Stored.Reach(Index);

    protected override void OnTotal(ByteString round, ByteString total) => Progress.Finish(Index, total);
}
