using System.Threading.Channels;
using Grpc.Core;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Parties;

/// <summary>
/// One open stream of a party. What is to be sent waits in a bounded queue; a party that does not read loses its stream, not the
/// station's memory, and gets everything again when it comes back.
/// </summary>
internal sealed class PartySession : IDisposable
{
    private readonly Channel<OutgoingFrame> _queue;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private readonly int _badFrames;
    private ulong _headSize;
    private Status? _end;
    private int _bad;
    private int _farewells;

    public PartySession(uint party, Hello hello, DateTimeOffset now, int queue, int badFrames)
    {
        (Party, Hello, Since, _headSize, _badFrames) = (party, hello, now, hello.HeadSize, badFrames);
        _queue = Channel.CreateBounded<OutgoingFrame>(new BoundedChannelOptions(queue) { SingleReader = true });
    }

    public uint Party { get; }

    public Hello Hello { get; }

    public DateTimeOffset Since { get; }

    /// <summary>The roster was replaced: the stream is of no round any more, and waits for its outpost to come anew.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>Cancelled when the stream is to end; <see cref="End"/> says why.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>The status with which the station ends the stream, if it does.</summary>
    public Status? End
    {
        get
        {
            lock (_gate) return _end;
        }
    }

    public IAsyncEnumerable<OutgoingFrame> Outgoing => _queue.Reader.ReadAllAsync(_closing.Token);

    /// <summary>Queues a frame; false when the stream is closed or its party does not keep up.</summary>
    public bool Send(StationFrame frame) => Send(new OutgoingFrame(frame));

    /// <summary>The same of a frame that is made already.</summary>
    public bool Send(OutgoingFrame frame)
    {
        if (_queue.Writer.TryWrite(frame)) return true;
        Close(new Status(StatusCode.ResourceExhausted, "The outpost does not read what the station sends; it gets it again when it comes back."));
        return false;
    }

    /// <summary>
    /// Queues a publication. It is made from the size of the head that this party knows by then: publications of two rounds must
    /// reach the party in the order in which each extends the other.
    /// </summary>
    public bool SendPublication(Func<ulong, Publication> make, ulong size)
    {
        lock (_gate)
        {
            var sent = Send(new StationFrame { Publication = make(_headSize) });
            if (sent) _headSize = size;
            return sent;
        }
    }

    /// <summary>Tells the outpost what follows its roster. The heartbeats that are on their way it still gets answered.</summary>
    public void Retire(RosterChain following)
    {
        IsRetired = true;
        Send(new StationFrame { Succession = following });
    }

    /// <summary>Counts heartbeats of a stream that is retired.</summary>
    public int CountFarewell() => Interlocked.Increment(ref _farewells);

    /// <summary>Counts a frame that was of no use; a stream that brings many is ended.</summary>
    public void CountBad(string reason)
    {
        if (Interlocked.Increment(ref _bad) == _badFrames)
            Close(new Status(StatusCode.ResourceExhausted, $"{_badFrames} frames of this stream were of no use, the last one: {reason}"));
    }

    /// <summary>Ends the stream with a status; the first one counts.</summary>
    public void Close(Status status)
    {
        lock (_gate)
        {
            if (_end is not null) return;
            _end = status;
        }

        _queue.Writer.TryComplete();
        try
        {
            // Not on this thread: the caller may be a round, the callbacks belong to the stream.
            _ = _closing.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The stream has ended by itself at the same moment.
        }
    }

    public void Dispose() => _closing.Dispose();
}
