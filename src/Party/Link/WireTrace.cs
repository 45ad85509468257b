using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Link;

/// <summary>
/// Writes every frame, before TLS, to two files of length-delimited protobuf, so that anybody can look for what must not be
/// there. It holds what the station sees anyway: signed messages and masked vectors.
/// </summary>
internal sealed class WireTrace : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileStream? _sent;
    private readonly FileStream? _received;

    /// <param name="directory">Folder for sent.frames and received.frames; empty: nothing is written.</param>
    public WireTrace(string directory)
    {
        if (directory.Length == 0) return;
        Directory.CreateDirectory(directory);
        _sent = Append(directory, "sent.frames");
        _received = Append(directory, "received.frames");
    }

    public void Sent(PartyFrame frame) => Write(_sent, frame);

    public void Received(StationFrame frame) => Write(_received, frame);

    public void Dispose()
    {
        _sent?.Dispose();
        _received?.Dispose();
    }

    private static FileStream Append(string directory, string name) =>
        new(Path.Combine(directory, name), FileMode.Append, FileAccess.Write, FileShare.Read);

    private void Write(FileStream? file, IMessage message)
    {
        if (file is null) return;
        lock (_gate)
        {
            message.WriteDelimitedTo(file);
            file.Flush();
        }
    }
}
