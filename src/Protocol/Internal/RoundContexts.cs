namespace SecureAggregation.Protocol.Internal;

/// <summary>What a round has been bound to so far; each part is empty until its phase has been reached, and is then never changed.</summary>
internal sealed class RoundContexts
{
    private byte[] _context1 = [];
    private byte[] _context2 = [];
    private byte[] _survivors = [];

    public required byte[] Context0 { get; init; }

    public byte[] Context1 { get => Reached(_context1); set => _context1 = value; }

    public byte[] Context2 { get => Reached(_context2); set => _context2 = value; }

    /// <summary>D3 of docs/protocol.md.</summary>
    public byte[] Survivors { get => Reached(_survivors); set => _survivors = value; }

    private static byte[] Reached(byte[] context) =>
        context.Length != 0 ? context : throw new InvalidOperationException("The round has not reached the phase that this context belongs to.");
}
