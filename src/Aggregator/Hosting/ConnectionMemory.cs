using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>
/// Buffers of connections that hold a TLS record and more. The web server's own have 4 KiB: four reads of the socket for one record, and four buffers in each of
/// the pipes that it passes, which was a third of the station's work while vectors came in. A connection on which nothing arrives holds none.
/// </summary>
/// <param name="blockSize">Bytes of a buffer.</param>
internal sealed class ConnectionMemory(int blockSize) : IMemoryPoolFactory<byte>
{
    // What all pools together, one for each core, keep for later. What a rush took beyond that, the collector gets back.
    private const int AllKept = 256 * 1024 * 1024;

    private int _pools;

    /// <summary>Buffers that a pool keeps.</summary>
    public int Kept { get; } = AllKept / blockSize / Environment.ProcessorCount;

    /// <summary>Pools that the web server has taken so far.</summary>
    public int Pools => _pools;

    /// <inheritdoc/>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null)
    {
        Interlocked.Increment(ref _pools);
        return new Pool(blockSize, Kept);
    }

    private sealed class Pool(int blockSize, int mostKept) : MemoryPool<byte>
    {
        private readonly ConcurrentQueue<Block> _free = [];
        private int _kept;

        public override int MaxBufferSize => blockSize;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, blockSize);
            if (!_free.TryDequeue(out var block)) return new Block(this, blockSize);
            Interlocked.Decrement(ref _kept);
            return block;
        }

        protected override void Dispose(bool disposing) => _free.Clear();

        private void Return(Block block)
        {
            if (Interlocked.Increment(ref _kept) <= mostKept) _free.Enqueue(block);
            else Interlocked.Decrement(ref _kept);
        }

        private sealed class Block(Pool pool, int size) : IMemoryOwner<byte>
        {
            // Pinned: sockets and TLS read into it, again and again.
            public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(size, pinned: true);

            public void Dispose() => pool.Return(this);
        }
    }
}
