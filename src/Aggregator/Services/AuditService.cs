using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Services;

/// <summary>The log for whoever checks it. Entries are for every member of the roster, masked vectors for coordinators and auditors.</summary>
internal sealed class AuditService(
    StationLog log,
    RosterHistory rosters,
    ITranscriptStore store,
    BundleExport bundles,
    RoundBook rounds,
    Witnesses witnesses) : Audit.AuditBase
{
    private const int MaxEntries = 1000;
    // A reply stays below the 4 MiB that clients take unless they are told otherwise; one entry may be larger.
    private const int ReplyBytes = 3 * 1024 * 1024;
    private const int PartsInFlight = 4;

    [Admits(Roles.Member)]
    public override Task<GetCheckpointReply> GetCheckpoint(GetCheckpointRequest request, ServerCallContext context)
    {
        Caller.Of(context);
        var size = (ulong)log.Head.Size;
        if (request.Entry >= size) throw Failed(StatusCode.OutOfRange, $"The log has {size} entries; a head over entry {request.Entry} needs entry < {size}.");
        var head = request.Entry == 0 ? witnesses.Newest() : witnesses.Best((long)request.Entry, rosters.At((long)request.Entry));
        return Task.FromResult(new GetCheckpointReply { Checkpoint = head.Note });
    }

    [Admits(Roles.Member)]
    public override Task<GetConsistencyReply> GetConsistency(GetConsistencyRequest request, ServerCallContext context)
    {
        Caller.Of(context);
        var size = (ulong)log.Head.Size;
        if (request.NewSize > size || request.OldSize > request.NewSize)
            throw Failed(StatusCode.OutOfRange, $"The log has {size} entries; a proof from {request.OldSize} to {request.NewSize} needs old size ≤ new size ≤ {size}.");
        var reply = new GetConsistencyReply();
        reply.Path.Add(log.Tree.ConsistencyProof((long)request.OldSize, (long)request.NewSize).Select(ByteString.CopyFrom));
        return Task.FromResult(reply);
    }

    [Admits(Roles.Member)]
    public override Task<GetInclusionReply> GetInclusion(GetInclusionRequest request, ServerCallContext context)
    {
        Caller.Of(context);
        var size = (ulong)log.Head.Size;
        if (request.Size > size || request.Index >= request.Size)
            throw Failed(StatusCode.OutOfRange, $"The log has {size} entries; the path of entry {request.Index} in the first {request.Size} needs index < size ≤ {size}.");
        var reply = new GetInclusionReply();
        reply.Path.Add(log.Tree.InclusionProof((long)request.Index, (long)request.Size).Select(ByteString.CopyFrom));
        return Task.FromResult(reply);
    }

    [Admits(Roles.Member)]
    public override Task<ListEntriesReply> ListEntries(ListEntriesRequest request, ServerCallContext context)
    {
        Caller.Of(context);
        if (request.Limit is 0 or > MaxEntries) throw Failed(StatusCode.InvalidArgument, $"limit is {request.Limit}; it must be from 1 to {MaxEntries}.");
        var head = log.Head;
        var reply = new ListEntriesReply { Size = (ulong)head.Size };
        var start = (long)Math.Min(request.Start, (ulong)head.Size);
        var bytes = 0;
        foreach (var entry in store.Read(start, Math.Min(request.Limit, head.Size - start)))
        {
            bytes += entry.Leaf.Length;
            if (reply.Leaves.Count > 0 && bytes > ReplyBytes) break;
            reply.Leaves.Add(UnsafeByteOperations.UnsafeWrap(entry.Leaf));
        }

        return Task.FromResult(reply);
    }

    [Admits(Roles.Member)]
    public override async Task ExportBundle(ExportBundleRequest request, IServerStreamWriter<BundlePart> responseStream, ServerCallContext context)
    {
        var caller = Caller.Of(context);
        if (!request.WithoutBlobs && (caller.Roles & (Roles.Coordinator | Roles.Auditor)) == Roles.None)
            throw Failed(StatusCode.PermissionDenied, "Masked vectors are for coordinators and auditors; ask without blobs.");
        var view = rounds.View(request.RoundId.Memory);
        if (view.State == RoundState.Running) throw Failed(StatusCode.FailedPrecondition, "The round is running; its bundle is made when it has ended.");

        // The writer fills parts on a thread of its own while this one sends them.
        var parts = Channel.CreateBounded<BundlePart>(PartsInFlight);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var writing = Task.Run(() => Write(view, request, parts.Writer, stop.Token), stop.Token);
        try
        {
            await foreach (var part in parts.Reader.ReadAllAsync(stop.Token)) await responseStream.WriteAsync(part, stop.Token);
        }
        finally
        {
            await stop.CancelAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Write(RoundView view, ExportBundleRequest request, ChannelWriter<BundlePart> parts, CancellationToken stop)
    {
        try
        {
            using (var stream = new PartStream(parts, stop)) bundles.Write(view, request.HeadSize, !request.WithoutBlobs, stream);
            parts.Complete();
        }
        catch (Exception e)
        {
            parts.Complete(e is StoreException ? Failed(StatusCode.Unavailable, e.Message) : e);
        }
    }

    private static RpcException Failed(StatusCode code, string sentence) => new(new Status(code, sentence));

    /// <summary>A stream to parts of a bundle; it waits while the caller does not keep up.</summary>
    private sealed class PartStream(ChannelWriter<BundlePart> parts, CancellationToken stop) : Stream
    {
        private readonly byte[] _buffer = new byte[Limits.Chunk];
        private int _used;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                var take = Math.Min(buffer.Length, _buffer.Length - _used);
                buffer[..take].CopyTo(_buffer.AsSpan(_used));
                _used += take;
                buffer = buffer[take..];
                if (_used == _buffer.Length) Send();
            }
        }

        public override void Flush()
        {
            // Parts go out when they are full, the last one at the end: protobuf flushes after each record.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && _used > 0 && !stop.IsCancellationRequested) Send();
            base.Dispose(disposing);
        }

        private void Send()
        {
            var part = new BundlePart { Data = ByteString.CopyFrom(_buffer, 0, _used) };
            _used = 0;
            while (!parts.TryWrite(part))
            {
                if (!parts.WaitToWriteAsync(stop).AsTask().GetAwaiter().GetResult()) throw new OperationCanceledException(stop);
            }
        }
    }
}
