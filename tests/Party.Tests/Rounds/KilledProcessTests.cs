using SecureAggregation.Crypto;
using SecureAggregation.Party.Storage;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Rounds;

/// <summary>The real program, killed (SIGKILL) at each step of a round and started again: no vector is free, and none is charged twice.</summary>
public sealed class KilledProcessTests : IAsyncLifetime, IDisposable
{
    private static readonly DatasetSchema s_schema = SchemaFile.Parse(OutpostFiles.Schema).Schema;

    private readonly Scratch _scratch = new();
    private readonly TestConsortium _consortium = TestConsortium.Shared;
    private TestStation _station = null!;
    private string _config = "";

    public async Task InitializeAsync()
    {
        _station = await TestStation.StartAsync(_consortium);
        _config = _consortium.WriteOutpost(_scratch, _station.Address, "full_name,age,sex\nx,1,1\ny,2,0\n");
        _scratch.Write("policy.yaml", OutpostFiles.Policy.Replace("epsilon_total: 2", "epsilon_total: 3", StringComparison.Ordinal));
    }

    public async Task DisposeAsync() => await _station.DisposeAsync();

    public void Dispose() => _scratch.Dispose();

    // By the number of the event that the program logs at the step; between two steps it waits, so that the kill comes before the next.
    [Theory]
    [InlineData("[2200]", 0, 0)] // proposed, nothing decided
    [InlineData("[2201]", 1, 0)] // debited, Join not sent
    [InlineData("[2300]", 1, 0)] // noise drawn, data about to be read
    [InlineData("[2302]", 1, 0)] // data read
    [InlineData(": Shared", 1, 0)] // shares about to be sent
    [InlineData(": InputSent", 1, 0)] // the vector is about to be sent
    [InlineData(": Agreed", 1, 1)] // the survivors are signed, and the vector has left
    [InlineData("[2205]", 1, 1)] // unmasked
    [InlineData(": Ended", 1, 1)] // the total was seen
    public async Task Crash_makes_no_release_free_and_charges_no_vector_twice(string step, int leastCharged, int leastVectors)
    {
        var query = _consortium.Ask(s_schema);
        await using (var first = OutpostProcess.Start(_config, "--set", "Outpost:Pause=00:00:00.400"))
        {
            await first.Saw("[2100]").Guard();
            _station.Propose(query);
            await first.Saw(step).Guard();
            first.Kill();
        }

        _station.Forget();
        var charged = Charged();
        // The kill comes a moment after the step, and the outpost may be further by then: what follows goes by what it left.
        var (paid, released) = (charged.Count, Released(query));
        Assert.InRange(paid, leastCharged, 1);
        Assert.True(released || step is not ("[2205]" or ": Ended"));
        AssertPaid(charged, leastVectors);

        await using (var second = OutpostProcess.Start(_config, "--set", "Outpost:Pause=00:00:00.400"))
        {
            await second.Saw("[2100]").Guard();
            _station.Propose(query, seed: 2);
            var declined = _station.Saw(f => f.Message?.Envelope.Kind == MessageKind.Decline);
            try
            {
                await Task.WhenAny(_station.Ended.Task, declined).Guard();
            }
            catch (TimeoutException)
            {
                Assert.Fail(second.Log);
            }

            // Released before: it says so, and is not charged. Else it draws new noise and is charged anew.
            Assert.Equal(released, declined.IsCompleted);
            if (!released) Assert.Equal(MessageKind.Total, (await _station.Ended.Task).Kind);
            second.Kill();
            charged = Charged();
            Assert.Equal(released ? paid : paid + 1, charged.Count);
        }

        AssertPaid(charged, 1);
    }

    /// <summary>Every round in which a vector left has one debit of its own, and no round has two.</summary>
    private void AssertPaid(IReadOnlyList<LedgerEntry> charged, int leastVectors)
    {
        var vectors = _station.Frames.Where(f => f.Frame.Message?.Envelope.Kind == MessageKind.Input).Select(f => PublicBytes.Hex(f.Frame.Message.RoundId.Span)).ToList();
        var paid = charged.Select(e => PublicBytes.Hex(e.RoundId)).ToList();
        Assert.True(vectors.Count >= leastVectors);
        Assert.Equal(vectors.Count, vectors.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(paid.Count, paid.Distinct(StringComparer.Ordinal).Count());
        Assert.Empty(vectors.Except(paid, StringComparer.Ordinal));
        Assert.All(charged, e => Assert.Equal(1_000_000, e.CostMicro));
    }

    private bool Released(SignedQuery query)
    {
        using var store = OutpostStore.Open(_scratch["state"]);
        var body = Query.Parser.ParseFrom(query.Body);
        return new PartyMemory(store, TimeProvider.System).MayBegin(new byte[16], body.QueryId.ToByteArray(), body.Attempts) == RefusalCode.AlreadyReleased;
    }

    private IReadOnlyList<LedgerEntry> Charged()
    {
        using var store = OutpostStore.Open(_scratch["state"]);
        return new Ledger(store, TimeProvider.System).Entries();
    }
}
