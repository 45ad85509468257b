using System.Runtime.ExceptionServices;

namespace SecureAggregation.Crypto;

/// <summary>
/// Masks that go into one vector, applied together. A mask is the AES-128-CTR keystream (NIST SP 800-38A section 6.5) of a
/// 16-byte key; the counter block is a 128-bit big-endian integer that starts at 0. That start is right only because a key
/// makes one mask and is never used again; with a second use the same mask would come out, and two masked vectors would give
/// away their difference. Element i takes the keystream's lane i (16, 32 or 64 bits, little-endian), of which b bits count.
/// Once all keys are added, disjoint blocks of a vector may be masked at the same time.
/// </summary>
public sealed class MaskBatch : IDisposable
{
    /// <summary>Bytes of a mask key.</summary>
    public const int KeySize = 16;

    // So many pieces for each thread let one that was held up do less; a piece of fewer cipher blocks, over all keys, is not worth a thread.
    private const int PiecesPerCore = 4;
    private const int WorthwhileBlocks = 1 << 15;

    // Pieces begin where the paths begin their own units of work: every 4 KiB.
    private const int PieceAlignment = 256;

    private readonly MaskKeys _keys;
    private bool _disposed;

    /// <summary>A batch without masks.</summary>
    public MaskBatch()
        : this(MaskPath.Best.NewKeys())
    {
    }

    internal MaskBatch(MaskKeys keys) => _keys = keys;

    /// <summary>
    /// The implementation that this process uses: "x86-gfni", "x86-aes", "arm-aes" or "portable", all of which give the same bytes. It is
    /// the fastest that passes a self-test at the first use, or the one that the environment variable SECAGG_MASK_PATH names.
    /// </summary>
    public static string PathName => MaskPath.Best.Name;

    /// <summary>Number of masks.</summary>
    public int Count => _keys.Count;

    /// <summary>Adds the mask of a key to the batch.</summary>
    /// <param name="key16">16 bytes, used for this one mask and nothing else. The batch keeps a copy and zeroes it when disposed.</param>
    /// <param name="sign">Whether the mask is added or subtracted.</param>
    /// <exception cref="ArgumentException">The key is not 16 bytes, or the sign is neither.</exception>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public void Add(ReadOnlySpan<byte> key16, MaskSign sign)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Require.Length(key16, KeySize, nameof(key16));
        if (sign is not (MaskSign.Add or MaskSign.Subtract))
            throw new ArgumentOutOfRangeException(nameof(sign), sign, "A mask is added or subtracted.");
        _keys.Add(key16, sign);
    }

    /// <summary>Applies every mask to a whole vector. The result does not depend on the number of threads.</summary>
    /// <param name="accumulator">The vector to mask.</param>
    /// <param name="cores">Threads to use at most; 1 or more. The vector is divided among them, not the keys.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of cores is 0 or less.</exception>
    /// <exception cref="ObjectDisposedException">The batch or the vector was disposed.</exception>
    public void ApplyTo(RingVector accumulator, int cores = 1)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentNullException.ThrowIfNull(accumulator);
        if (cores < 1) throw new ArgumentOutOfRangeException(nameof(cores), cores, "Masks need at least 1 core.");

        var blocks = accumulator.Storage.Length / KeystreamBlock.Size;
        var wanted = Math.Max(blocks / cores / PiecesPerCore, WorthwhileBlocks / Math.Max(Count, 1));
        var piece = (wanted / PieceAlignment + 1) * PieceAlignment;
        if (cores == 1 || piece >= blocks) Accumulate(accumulator, 0, blocks);
        else AccumulatePieces(accumulator, blocks, piece, cores);
    }

    /// <summary>Applies every mask to one block of a vector, on the caller's thread.</summary>
    /// <param name="accumulator">The vector to mask.</param>
    /// <param name="firstElement">First element to mask, a multiple of 8; it takes the keystreams' element of the same number.</param>
    /// <param name="count">How many, a multiple of 8 or up to the end.</param>
    /// <exception cref="ArgumentException">The block is not aligned or not within the vector.</exception>
    /// <exception cref="ObjectDisposedException">The batch or the vector was disposed.</exception>
    public void ApplyTo(RingVector accumulator, int firstElement, int count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentNullException.ThrowIfNull(accumulator);
        accumulator.RequireBlock(firstElement, count);

        // An aligned block starts on a cipher block, and storage reaches to the end of the last one.
        var laneBytes = accumulator.LaneBits / 8;
        var firstBlock = firstElement * laneBytes / KeystreamBlock.Size;
        Accumulate(accumulator, firstBlock, ((count * laneBytes) + KeystreamBlock.Size - 1) / KeystreamBlock.Size);
    }

    /// <summary>Zeroes the keys.</summary>
    public void Dispose()
    {
        _keys.Dispose();
        _disposed = true;
    }

    private void Accumulate(RingVector accumulator, int firstBlock, int blocks) =>
        _keys.Accumulate(
            accumulator.Storage.Slice(firstBlock * KeystreamBlock.Size, blocks * KeystreamBlock.Size), accumulator.LaneBits, (ulong)firstBlock);

    private void AccumulatePieces(RingVector accumulator, int blocks, int piece, int cores)
    {
        try
        {
            Parallel.For(0, (blocks + piece - 1) / piece, new ParallelOptions { MaxDegreeOfParallelism = cores }, i =>
                Accumulate(accumulator, i * piece, Math.Min(piece, blocks - (i * piece))));
        }
        catch (AggregateException failures)
        {
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }
}
