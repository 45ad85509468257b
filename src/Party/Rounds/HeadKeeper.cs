using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Rounds;

/// <summary>
/// Witness of the station's log: checks publications of all rounds in the order in which they came, each against the head
/// before, remembers the new head, and cosigns it when this outpost's own messages are in the log.
/// </summary>
internal sealed class HeadKeeper : IAsyncDisposable
{
    private const int Queue = 256;

    private readonly PartySetup _setup;
    private readonly PartyMemory _memory;
    private readonly ILogger _logger;
    private readonly Func<PartyFrame, Task> _send;
    private readonly Func<byte[], OpenRound?> _find;
    private readonly Action<OpenRound> _done;
    private readonly Channel<(Publication? Publication, TaskCompletionSource? Settled)> _publications =
        Channel.CreateBounded<(Publication? Publication, TaskCompletionSource? Settled)>(Queue);
    private readonly Task _checking;

    public HeadKeeper(
        PartySetup setup,
        PartyMemory memory,
        ILogger logger,
        Func<PartyFrame, Task> send,
        Func<byte[], OpenRound?> find,
        Action<OpenRound> done)
    {
        (_setup, _memory, _logger, _send, _find, _done) = (setup, memory, logger, send, find, done);
        _checking = Task.Run(CheckAllAsync);
    }

    public ValueTask ReceiveAsync(Publication publication, CancellationToken cancellationToken) =>
        _publications.Writer.WriteAsync((publication, null), cancellationToken);

    /// <summary>When all that have come so far have been checked.</summary>
    public async Task SettleAsync()
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _publications.Writer.WriteAsync((null, settled));
        await settled.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _publications.Writer.TryComplete();
        await _checking;
    }

    private async Task CheckAllAsync()
    {
        await foreach (var (next, settled) in _publications.Reader.ReadAllAsync())
        {
            settled?.SetResult();
            if (next is not { } publication) continue;
            var open = _find(publication.RoundId.ToByteArray());
            var name = open?.Name ?? PublicBytes.Hex(publication.RoundId.Span[..Math.Min(4, publication.RoundId.Length)]);
            try
            {
                await CheckAsync(publication, open, name);
            }
            catch (RefusalException e)
            {
                Log.LogWrong(_logger, name, e.Message);
            }
            catch (StoreException e)
            {
                Log.StateFailed(_logger, name, e.Message);
            }
            catch (Exception e)
            {
                Log.Unexpected(_logger, name, e.GetType().Name, $"{Environment.NewLine}{e.StackTrace}");
            }
        }
    }

    private async Task CheckAsync(Publication publication, OpenRound? open, string name)
    {
        // No answer: the round was forgotten a moment ago.
        var (sent, confirmed) = open is null ? Said.Nothing : await open.AskAsync(() => Said.In(open.Round)) ?? Said.Nothing;
        var head = PublicationCheck.Check(publication, _setup.Roster, _setup.Index, sent, confirmed, _memory.LastHead);
        _memory.StoreHead(new LogPosition(head.Size, head.Root));
        if (sent.Count == 0)
        {
            // Of a round before a restart, or one that this outpost took no part in: the head extends the last, and more cannot be said.
            Log.HeadOnly(_logger, name, head.Size);
        }
        else
        {
            Log.Cosigned(_logger, name, head.Size);
            await _send(new PartyFrame
            {
                Cosign = new Cosign
                {
                    RoundId = publication.RoundId,
                    Size = (ulong)head.Size,
                    Root = ByteString.CopyFrom(head.Root),
                    Signature = ByteString.CopyFrom(head.Cosign(_setup.Identity)),
                },
            });
        }

        if (open is not null) _done(open);
    }

    /// <summary>What this outpost said in a round, and what of it the station is known to have.</summary>
    private sealed record Said(List<Envelope> Sent, HashSet<MessageKind> Confirmed)
    {
        public static Said Nothing { get; } = new([], []);

        public static Said In(PartyRound? round) => round is null ? Nothing : new([.. round.Sent], [.. round.Confirmed]);
    }
}
