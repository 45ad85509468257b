using System.Threading.Channels;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Party.Rounds;

/// <summary>
/// One round and the queue of what happens to it: everything is done one after the other in the order of arrival, because the
/// protocol's state machine is for one caller at a time. Rounds do not wait for each other.
/// </summary>
internal sealed class OpenRound
{
    private const int Queue = 64;

    private readonly Channel<Func<Task>> _work = Channel.CreateBounded<Func<Task>>(Queue);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OpenRound(byte[] id, DateTimeOffset expires)
    {
        Id = id;
        Expires = expires;
        Status = new RoundStatus(Name, "", "", nameof(PartyRoundState.Proposed), "");
        Completion = Task.Run(WorkAsync);
    }

    public byte[] Id { get; }

    /// <summary>For logs: the beginning of the id, as the station and the dashboard show it.</summary>
    public string Name => PublicBytes.Hex(Id.AsSpan(0, 4));

    /// <summary>When nothing can happen to it any more.</summary>
    public DateTimeOffset Expires { get; set; }

    /// <summary>What the query means here, once the outpost takes part; null before. Set and read under the runner's admission.</summary>
    public Plan? Plan { get; set; }

    /// <summary>The state machine; null until the proposal has been checked. Only work of this round touches it.</summary>
    public PartyRound? Round { get; set; }

    /// <summary>Whether the log of the round has been checked: nothing more is to be done.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Whether the station has ended the round, and is to show its log. Only work of this round touches it.</summary>
    public bool AwaitsLog { get; set; }

    public RoundStatus Status { get; set; }

    /// <summary>Ends when this outpost has nothing more to say in the round but what it said: its log was checked, or it was left.</summary>
    public Task Over => _over.Task;

    /// <summary>Ends when the round is closed and all its work is done.</summary>
    public Task Completion { get; }

    /// <summary>Queues work, which must not throw; false when the round is closed.</summary>
    public async ValueTask<bool> DoAsync(Func<Task> work, CancellationToken cancellationToken = default)
    {
        try
        {
            await _work.Writer.WriteAsync(work, cancellationToken);
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    /// <summary>Queues a question and waits for its answer; the default value when the round is closed.</summary>
    public async Task<T?> AskAsync<T>(Func<T?> question)
    {
        var answer = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queued = await DoAsync(() =>
        {
            try
            {
                answer.SetResult(question());
            }
            catch (Exception e)
            {
                answer.SetException(e);
            }

            return Task.CompletedTask;
        });
        return queued ? await answer.Task : default;
    }

    /// <summary>The log has been checked.</summary>
    /// <param name="expires">Until when it is kept all the same.</param>
    public void Finish(DateTimeOffset expires)
    {
        (IsFinished, Expires) = (true, expires);
        _over.TrySetResult();
    }

    /// <summary>Takes no more work; what is queued is still done, and then secrets are erased.</summary>
    public void Close() => _work.Writer.TryComplete();

    private async Task WorkAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync())
        {
            await work();
            if (!AwaitsLog && Round is null or { State: PartyRoundState.Ended }) _over.TrySetResult();
        }

        Round?.Dispose();
        _over.TrySetResult();
    }
}
