using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Storage;

public sealed class PartyMemoryTests : IDisposable
{
    private static readonly byte[] s_query = Id(100);

    private readonly Scratch _scratch = new();
    private OutpostStore _store;
    private PartyMemory _memory;

    public PartyMemoryTests() => Reopen();

    public void Dispose()
    {
        _store.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Round_is_begun_once_also_after_a_restart()
    {
        Assert.Equal(RefusalCode.Unspecified, _memory.TryBeginRound(Id(1), s_query, 3));
        Assert.Equal(RefusalCode.RoundSeen, _memory.TryBeginRound(Id(1), s_query, 3));
        Reopen();
        Assert.Equal(RefusalCode.RoundSeen, _memory.TryBeginRound(Id(1), Id(101), 3));
    }

    [Fact]
    public void Attempts_are_counted_over_restarts_and_refused_ones_do_not_count()
    {
        Assert.Equal(RefusalCode.Unspecified, _memory.TryBeginRound(Id(1), s_query, 2));
        Assert.Equal(RefusalCode.RoundSeen, _memory.TryBeginRound(Id(1), s_query, 2));
        Reopen();
        Assert.Equal(RefusalCode.Unspecified, _memory.TryBeginRound(Id(2), s_query, 2));
        Assert.Equal(RefusalCode.AttemptsUsed, _memory.TryBeginRound(Id(3), s_query, 2));
        Assert.Equal(RefusalCode.Unspecified, _memory.TryBeginRound(Id(3), Id(101), 2));
    }

    [Fact]
    public void Query_is_never_begun_again_after_its_release()
    {
        _memory.TryBeginRound(Id(1), s_query, 3);
        _memory.MarkReleased(Id(1), s_query);
        Assert.Equal(RefusalCode.AlreadyReleased, _memory.TryBeginRound(Id(2), s_query, 3));
        Reopen();
        Assert.Equal(RefusalCode.AlreadyReleased, _memory.TryBeginRound(Id(2), s_query, 3));
        Assert.Throws<StoreException>(() => _memory.MarkReleased(Id(9), s_query));
    }

    [Fact]
    public void Second_survivor_set_of_a_round_is_refused_also_the_same_one_and_after_a_restart()
    {
        _memory.TryBeginRound(Id(1), s_query, 3);
        Assert.True(_memory.TrySignSurvivors(Id(1), new byte[32]));
        Assert.False(_memory.TrySignSurvivors(Id(1), new byte[32]));
        Reopen();
        Assert.False(_memory.TrySignSurvivors(Id(1), [.. Enumerable.Repeat((byte)1, 32)]));
        Assert.False(_memory.TrySignSurvivors(Id(2), new byte[32]));
    }

    [Fact]
    public void Log_head_is_the_last_one_stored()
    {
        Assert.Null(_memory.LastHead);
        _memory.StoreHead(new LogPosition(7, new byte[32]));
        _memory.StoreHead(new LogPosition(9, [.. Enumerable.Repeat((byte)2, 32)]));
        Reopen();
        Assert.Equal(9, _memory.LastHead!.Size);
        Assert.Equal(2, _memory.LastHead.Root[31]);
    }

    private static byte[] Id(byte n) => [.. Enumerable.Repeat(n, 16)];

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_store), nameof(_memory))]
    private void Reopen()
    {
        _store?.Dispose();
        _store = OutpostStore.Open(_scratch.Folder);
        _memory = new PartyMemory(_store, new ManualTimeProvider());
    }
}
