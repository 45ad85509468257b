using Google.Protobuf;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <content>Masked vectors: they come in beside the queue, only their beginning and end go through it.</content>
internal sealed partial class RoundDriver
{
    /// <summary>Takes the first part of a vector; null when none is awaited from that party.</summary>
    public async Task<VectorUpload?> BeginVector(PartySession from, CancellationToken stop)
    {
        var begin = new RoundInput.VectorBegin(from);
        await Offer(begin, stop);
        await Task.WhenAny(begin.Upload.Task, Stopped).WaitAsync(stop);
        return begin.Upload.Task.IsCompletedSuccessfully ? await begin.Upload.Task : null;
    }

    /// <summary>Takes a part of a vector, on the caller's thread and beside everything else that happens to the round; only its end is an input. The part may be disposed.</summary>
    /// <returns>Null, or why the part is of no use.</returns>
    public async Task<string?> TakePart(PartySession from, VectorUpload upload, IncomingFrame part)
    {
        var (result, failure) = (VectorResult.Over, (Exception?)null);
        try
        {
            result = upload.Append(part.Offset, part.Data);
            if (result == VectorResult.Misplaced) return $"a part of a vector at byte {part.Offset} where another comes next";
            if (result is VectorResult.More or VectorResult.Over) return null;
            // A thousand outposts may wait for the disk at the same time, and none needs its buffer for that.
            part.Dispose();
            // The next part, if there is one, can wait; and so can the end of the stream.
            if (upload.Commit is { } commit) await commit;
        }
        catch (Exception e) when (IsStorage(e))
        {
            failure = e;
        }

        await Offer(new RoundInput.VectorEnd(from, upload, result, failure), CancellationToken.None);
        return null;
    }

    private void BeginVector(RoundInput.VectorBegin begin)
    {
        var party = begin.From.Party;
        var upload = _vectors.Begin(party);
        begin.Upload.SetResult(upload);
        if (upload is not null || !_vectors.IsSpent(party)) return;
        _services.Logger.VectorRefused(Name, _services.Parties.Name(party), $"it was begun {Protocol.Limits.Uploads} times and never came whole");
        begin.From.CountBad($"a vector that was begun more than {Protocol.Limits.Uploads} times");
    }

    private void EndVector(RoundInput.VectorEnd end)
    {
        var (from, party, name) = (end.From, end.From.Party, _services.Parties.Name(end.From.Party));
        if (!_vectors.End(party, end.Upload)) return;
        if (end.Failure is not null && IsLost(end.Failure))
        {
            // Not only the stream that brought it: one that has come since was told that nothing was awaited.
            var again = new Grpc.Core.Status(Grpc.Core.StatusCode.Unavailable, "The station's database is away; come back, and send the vector again.");
            from.Close(again);
            _services.Parties.Session(party)?.Close(again);
            return;
        }

        if (end.Failure is not null) throw new IOException(end.Failure.Message, end.Failure);
        switch (end.Result)
        {
            case VectorResult.Whole:
                _round.MarkVectorStored(party);
                _services.Logger.VectorStored(Name, name, end.Upload.Length);
                break;
            case VectorResult.TooLong:
                _services.Logger.VectorRefused(Name, name, "it is longer than the round's vectors are");
                from.CountBad("a vector longer than the round's vectors are");
                break;
            case VectorResult.Wrong:
                RecordFault(party, end.Upload.Actual);
                _services.Logger.VectorRefused(Name, name, "it is not the one that its outpost signed, or its padding is not zero");
                from.CountBad("a vector that is not the one that was signed");
                break;
        }
    }

    /// <summary>A vector that is not the signed one puts its party out of the round, after a restart too: the log says so.</summary>
    private void RecordFault(uint party, byte[] received)
    {
        if (_round.RefuseVector(party, received, _key) is not { } fault) return;
        Record(new Entry { RoundId = ByteString.CopyFrom(RoundId), TimeMs = (ulong)Now().ToUnixTimeMilliseconds(), Envelope = fault });
    }
}
