using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>What an outpost sends.</summary>
internal abstract record PartyPacket(string Round);

internal sealed record MessagePacket(string Round, byte[] Envelope) : PartyPacket(Round);

internal sealed record ChunkPacket(string Round, long Offset, byte[] Data) : PartyPacket(Round);

internal sealed record CosignPacket(string Round, long Size) : PartyPacket(Round);

/// <summary>What the station sends.</summary>
internal abstract record StationPacket;

/// <param name="Frame">The broadcast's bytes.</param>
/// <param name="Final">Whether it goes out as it is, being a lie already.</param>
internal sealed record BroadcastPacket(byte[] Frame, bool Final = false) : StationPacket;

internal sealed record PublicationPacket(Publication Publication) : StationPacket;

/// <summary>The one stream of an outpost: frames arrive in order, or are lost with all that follow.</summary>
internal sealed class Link
{
    public List<PartyPacket> Up { get; } = [];

    public List<StationPacket> Down { get; } = [];

    public bool Connected { get; private set; } = true;

    /// <summary>No new stream can be opened.</summary>
    public bool Dark { get; set; }

    public bool Stalled { get; set; }

    /// <summary>At which frame it goes dark, and whether that still arrives.</summary>
    public (MessageKind At, bool Arrives)? Vanishes { get; set; }

    public bool IsQuiet => Connected && Up.Count == 0 && Down.Count == 0;

    public void Send(PartyPacket packet)
    {
        if (Connected) Up.Add(packet);
    }

    public void Send(StationPacket packet)
    {
        if (Connected) Down.Add(packet);
    }

    public void Cut()
    {
        (Connected, Stalled) = (false, false);
        Up.Clear();
        Down.Clear();
    }

    public void Open() => Connected = true;

    /// <summary>Whether something happened.</summary>
    public bool Repeat(bool toStation) => toStation ? Repeat(Up) : Repeat(Down);

    /// <summary>Whether something happened.</summary>
    public bool Swap(bool toStation) => toStation ? Swap(Up) : Swap(Down);

    private static bool Repeat<T>(List<T> frames)
    {
        if (frames.Count == 0) return false;
        frames.Insert(1, frames[0]);
        return true;
    }

    private static bool Swap<T>(List<T> frames)
    {
        if (frames.Count < 2) return false;
        (frames[0], frames[1]) = (frames[1], frames[0]);
        return true;
    }
}
