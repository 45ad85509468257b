using System.Text.Json;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Desk;
using SecureAggregation.Party.Storage;
using SecureAggregation.Party.Tests.Config;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>An outpost whose state folder is not the one that it had last: it knows by its own cosignature.</summary>
public sealed class RecollectionTests : OutpostScene
{
    private const string Rows = "full_name,age,sex\nx,63,1\ny,37,0\n";
    private const string Alarm = "2010 ";

    private static readonly DatasetSchema s_schema = SchemaFile.Parse(OutpostFiles.Schema).Schema;

    [Fact]
    public async Task State_as_it_was_left_is_the_last_one()
    {
        await RoundAsync(1);
        await RoundAsync(2);
        await RoundAsync(3);
        Assert.Equal(3, _outpost.Charges());
        Assert.NotEqual("", _station.Shown);
        Assert.DoesNotContain(Alarm, _recorder.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task State_that_was_put_back_or_lost_answers_no_query_until_the_budget_is_written_off(bool lost)
    {
        await RoundAsync(1);
        Copy("state", "old");
        await RoundAsync(2);
        Directory.Delete(_scratch["state"], recursive: true);
        if (!lost) Copy("old", "state");

        await StartAsync();
        await _recorder.Saw(Alarm).Guard();
        await _station.Saw(f => f.Budgets is { } budgets && budgets.Lines.All(l => l.LeftMicro == 0)).Guard();
        Assert.Equal(RefusalCode.Budget, await PlannedAsync());
        // The station offers the last round again, which the state does not know: it would be a second vector in the same round.
        var declined = (await _station.Saw(f => f.Message?.Envelope.Kind == MessageKind.Decline).Guard()).Message;
        Assert.Equal(RefusalCode.Budget, Decline.Parser.ParseFrom(declined.Envelope.Body).Code);
        Assert.Contains("debits are missing", File.ReadAllText(_scratch["state/status.json"]), StringComparison.Ordinal);
        Assert.Contains("Stop it", Assert.Throws<StoreException>(() => Ledger("write-off")).Message, StringComparison.Ordinal);
        Assert.Contains("debits are missing", Ledger("verify"), StringComparison.Ordinal);
        Assert.Contains("debits are missing", Ledger("show"), StringComparison.Ordinal);
        await _outpost.StopAsync();

        // The state has it now: a station that shows nothing any more changes nothing.
        var shown = _station.Shown;
        _station.Shown = "";
        await StartAsync();
        Assert.Equal(RefusalCode.Budget, await PlannedAsync());
        await _outpost.StopAsync();

        Assert.Contains("written off, 0 left", Ledger("write-off"), StringComparison.Ordinal);
        Assert.DoesNotContain("missing", Ledger("verify"), StringComparison.Ordinal);
        var line = JsonDocument.Parse(Ledger("show", "--json")).RootElement.GetProperty("spent").EnumerateArray().Single(l => l.GetProperty("of").GetString() == "written off");
        Assert.Equal((lost ? 2.0 : 1.75, 0.0), (line.GetProperty("spent").GetDouble(), line.GetProperty("zcdpEpsilon").GetDouble()));
        Assert.Contains("nothing was written off", Assert.Throws<StoreException>(() => Ledger("write-off")).Message, StringComparison.Ordinal);
        _station.Shown = shown;
        await StartAsync();
        Assert.Equal(RefusalCode.Budget, await PlannedAsync());
        await _outpost.StopAsync();
        Assert.Equal(2, _recorder.Text.Split(Alarm).Length);

        // A larger budget is the operator's word that the outpost may answer again.
        await StartAsync("--set", "Outpost:Policy=" + _scratch.Write("more.yaml", OutpostFiles.Policy.Replace("epsilon_total: 2", "epsilon_total: 4", StringComparison.Ordinal)));
        Assert.Equal(RefusalCode.Unspecified, await PlannedAsync());
        _station.Propose(Ask(3), seed: 3);
        await _station.Cosigned.Task.Guard();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Cosignature_that_is_not_the_outposts_own_is_not_believed(int cosigner)
    {
        await RoundAsync(1);
        var head = Checkpoint.Create(_consortium.Roster.LogOrigin, 900, new byte[32], _consortium.Station);
        _station.Shown = cosigner switch
        {
            -1 => "no note",
            0 => head.Note,
            _ => _station.Note(900, new byte[32], cosigner, head.Cosign(_consortium.Keys[cosigner])),
        };
        await StartAsync();
        await _recorder.Saw("cosigned what it has not").Guard();
        await _outpost.StopAsync();
        Assert.DoesNotContain(Alarm, _recorder.Text, StringComparison.Ordinal);
        using var store = OutpostStore.Open(_scratch["state"]);
        Assert.False(new Ledger(store, TimeProvider.System).IsBehind);
    }

    private async Task RoundAsync(ulong id)
    {
        await StartAsync();
        _station.Propose(Ask(id), seed: id);
        await _station.Cosigned.Task.Guard();
        await _outpost.StopAsync();
    }

    private async Task StartAsync(params string[] more)
    {
        await _outpost.StartAsync(_station.Address, Rows, more);
        await _station.Hellos.Reader.ReadAsync().AsTask().Guard();
    }

    /// <summary>What would be done with the third question.</summary>
    private async Task<RefusalCode> PlannedAsync() => (await _station.Plan(Ask(3, attempts: 0))).Code;

    private SignedQuery Ask(ulong id, uint attempts = 3) => _consortium.Ask(
        s_schema, id switch { 1 => "[ count ]", 2 => "[ { sum: age } ]", _ => "[ count, { sum: age } ]" }, q => (q.EpsilonMicro, q.Attempts) = (250_000, attempts), id);

    private string Ledger(string action, params string[] more) => LedgerDesk.Run(DeskOptions.Parse(["ledger", action, .. more, "--state", _scratch["state"], "--policy", _scratch["policy.yaml"]]), TimeProvider.System);

    private void Copy(string from, string to)
    {
        Directory.CreateDirectory(_scratch[to]);
        foreach (var file in Directory.GetFiles(_scratch[from])) File.Copy(file, Path.Combine(_scratch[to], Path.GetFileName(file)));
    }
}
