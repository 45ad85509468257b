using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// The masked vectors of a bundle, in the order of the file and without holding them: each is hashed while it is added up, and must be the one that its
/// party signed.
/// </summary>
/// <param name="reader">The bundle, behind its entries.</param>
/// <param name="intakeOf">Checks the vector of a survivor.</param>
/// <param name="begin">Told whose vector comes next; gives that party's name.</param>
internal sealed class BundleVectors(BundleReader reader, Func<uint, VectorIntake> intakeOf, Func<uint, string> begin) : IMaskedVectors
{
    private const string NoVectors =
        "there are no masked vectors here: the station has deleted them (it keeps them for a time), or they were not asked for. What the steps before say holds; that the total is their sum cannot be checked.";

    private bool _none = true;

    public Stream Open(uint party) => new VectorStream(this, party);

    private sealed class VectorStream(BundleVectors owner, uint party) : Stream
    {
        private readonly string _name = owner.Begin(party);
        private readonly VectorIntake _intake = owner.IntakeOf(party);
        private ReadOnlyMemory<byte> _part;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => _intake.Length;

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            if (_part.IsEmpty && !Fill()) return 0;
            var count = Math.Min(buffer.Length, _part.Length);
            _part.Span[..count].CopyTo(buffer);
            _part = _part[count..];
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) _intake.Dispose();
            base.Dispose(disposing);
        }

        private bool Fill()
        {
            if (_intake.Received == _intake.Length) return false;
            if (owner.Next(party) is not { } blob) throw new TranscriptException(owner._none ? NoVectors : $"the masked vector of {_name} ends after {_intake.Received} of {_intake.Length} bytes.");
            if (blob.Data.IsEmpty || !_intake.TryAppend(blob.Data.Span)) throw new TranscriptException($"the masked vector of {_name} is not of the round's size.");
            if (_intake.Received == _intake.Length)
            {
                if (!_intake.Complete()) throw new TranscriptException($"the masked vector of {_name} is not the one that it signed in this message.");
            }

            owner._none = false;
            _part = blob.Data.Memory;
            return true;
        }
    }

    private VectorIntake IntakeOf(uint party) => intakeOf(party);

    private string Begin(uint party) => begin(party);

    /// <summary>The next part of a party's vector; null if there is none.</summary>
    private BundleBlob? Next(uint party) => reader.Peek() switch
    {
        { Blob: { } blob } => blob.Party == party ? reader.Take()!.Blob : null,
        null => null,
        _ => throw new RecordException(reader.Number + 1, $"Record {reader.Number + 1} has no place among the masked vectors."),
    };
}
