using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Security;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>Accounts of the deck count once the station's log tells of them.</summary>
public sealed class DeckAccountsTests : IDisposable
{
    private const string Password = "four words nobody links";
    private readonly string _folder = Directory.CreateTempSubdirectory("deck-accounts").FullName;
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 0, 0, 0, TimeSpan.Zero));
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly FakeConsortium _station = new();
    private readonly DeckStore _store = new();

    public void Dispose()
    {
        _random.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_is_done_to_an_account_is_in_the_log_in_its_order_with_who_did_it()
    {
        using var deck = Open();
        await deck.ChangeAsync("operator", book => book.Add("root", Password, [Role.Admin], by: "operator")).Guard();
        await deck.ChangeAsync("root", book => book.Add("ada", Password, [Role.Auditor], by: "root")).Guard();
        await deck.ChangeAsync("root", book => book.SetRoles("ada", [Role.Analyst], "root")).Guard();
        Assert.NotNull(deck.Check("ada", Password));
        await deck.RemoveAsync("root", "ada").Guard();
        Assert.Null(deck.Check("ada", Password));
        Assert.Equal(
            [(1ul, ActCode.AccountAdded, "root", "operator"), (2ul, ActCode.AccountAdded, "ada", "root"), (3ul, ActCode.AccountChanged, "ada", "root"), (4ul, ActCode.AccountRemoved, "ada", "root")],
            _station.Acts.Select(a => (a.Number, a.Code, a.Subject, a.By)));
        Assert.Equal("roles: analyst; all studies", _station.Acts[2].Detail);
        var said = string.Join('\n', _station.Acts) + File.ReadAllText(Path.Combine(_folder, "acts.json"));
        Assert.All([Password, deck.Book.Find("root")!.Stamp], secret => Assert.DoesNotContain(secret, said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task While_the_station_is_away_people_come_in_as_before_nothing_is_added_and_a_removal_works_and_is_logged_later()
    {
        using (var deck = Open())
        {
            foreach (var name in new[] { "root", "ada" }) await deck.ChangeAsync("operator", book => book.Add(name, Password, [Role.Admin])).Guard();
        }

        _station.Away = new StationUnavailableException("The station does not answer.");
        _store.Update(state => state.WithOffline("away"));
        using var again = Open();
        Assert.NotNull(again.Check("ada", Password));
        Assert.Contains("nothing was changed", (await Assert.ThrowsAsync<AccountException>(() => again.ChangeAsync("root", book => book.Add("eve", Password, [Role.Admin]))).Guard()).Message, StringComparison.Ordinal);
        Assert.Equal(2, again.Book.All.Count);
        await again.RemoveAsync("root", "ada").Guard();
        Assert.Null(again.Check("ada", Password));
        Assert.Contains("does not answer", again.Problem, StringComparison.Ordinal);
        Assert.Equal(2, _station.Acts.Count);

        _station.Away = null;
        await again.StartAsync(CancellationToken.None);
        await Until(() => again.Problem.Length == 0);
        await again.StopAsync(CancellationToken.None);
        Assert.Equal((ActCode.AccountRemoved, "ada", "root"), (_station.Acts[^1].Code, _station.Acts[^1].Subject, _station.Acts[^1].By));
    }

    [Fact]
    public async Task Account_that_somebody_wrote_into_the_file_does_not_count_before_it_is_in_the_log_and_an_older_file_never()
    {
        using var deck = Open();
        await deck.ChangeAsync("operator", book => book.Add("root", Password, [Role.Admin])).Guard();
        var old = File.ReadAllText(Path.Combine(_folder, "accounts.json"));
        AccountBook.Open(Path.Combine(_folder, "accounts.json"), _random, _time).Add("eve", Password, [Role.Admin]);
        deck.Book.Reload();
        Assert.Null(deck.Check("eve", Password));
        await deck.StartAsync(CancellationToken.None);
        await Until(() => deck.Check("eve", Password) is not null);
        Assert.Equal(("eve", "operator"), (_station.Acts[^1].Subject, _station.Acts[^1].By));
        await deck.ChangeAsync("root", book => book.SetPassword("root", Password + "!", "root")).Guard();
        File.WriteAllText(Path.Combine(_folder, "accounts.json"), old);
        _time.Advance(TimeSpan.FromSeconds(2));
        await Until(() => deck.Problem.Length > 0);
        Assert.Contains("account root as before", deck.Problem, StringComparison.Ordinal);
        Assert.Null(deck.Check("root", Password));
        await deck.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Station_that_only_says_that_it_is_in_the_log_is_not_believed()
    {
        using var deck = Open();
        _station.OnCheckEntry = _ => null;
        var refused = await Assert.ThrowsAsync<AccountException>(() => deck.ChangeAsync("operator", book => book.Add("root", Password, [Role.Admin])).Guard());
        Assert.Contains("and it is not: the log ends before it", refused.Message, StringComparison.Ordinal);
        Assert.Null(deck.Check("root", Password));
    }

    [Fact]
    public async Task Receipts_that_were_lost_are_made_anew_and_a_log_that_lost_acts_is_said()
    {
        using (var deck = Open()) await deck.ChangeAsync("operator", book => book.Add("root", Password, [Role.Admin])).Guard();
        File.Delete(Path.Combine(_folder, "acts.json"));
        using (var deck = Open())
        {
            Assert.Null(deck.Check("root", Password));
            await deck.ChangeAsync("operator", _ => true).Guard();
            Assert.NotNull(deck.Check("root", Password));
            // The same act again, which is in the log.
            Assert.Single(_station.Acts);
        }

        _station.Acts.Clear();
        using var cut = Open();
        var refused = await Assert.ThrowsAsync<AccountException>(() => cut.ChangeAsync("root", book => book.Add("ada", Password, [Role.Auditor])).Guard());
        Assert.Contains("its log was cut", refused.Message, StringComparison.Ordinal);
        Assert.Null(cut.Check("ada", Password));
        Assert.NotNull(cut.Check("root", Password));
    }

    [Fact]
    public async Task Removed_account_of_an_older_file_is_logged_anew_where_the_receipts_are_gone_too()
    {
        using (var deck = Open())
        {
            await deck.ChangeAsync("operator", book => book.Add("ada", Password, [Role.Admin])).Guard();
            var old = File.ReadAllText(Path.Combine(_folder, "accounts.json"));
            await deck.ChangeAsync("ada", book => book.Add("root", Password, [Role.Admin])).Guard();
            await deck.RemoveAsync("root", "ada").Guard();
            File.WriteAllText(Path.Combine(_folder, "accounts.json"), old);
        }

        File.Delete(Path.Combine(_folder, "acts.json"));
        using var again = Open();
        await again.ChangeAsync("operator", _ => true).Guard();
        Assert.NotNull(again.Check("ada", Password));
        Assert.Equal((4ul, ActCode.AccountAdded, "ada"), (_station.Acts[^1].Number, _station.Acts[^1].Code, _station.Acts[^1].Subject));
    }

    [Theory]
    [InlineData(0ul, ulong.MaxValue, "its log was cut")]
    [InlineData(0ul, 5ul, "did not take act 5")]
    [InlineData(0ul, 1ul, "its log was cut")]
    [InlineData(7ul, 9ul, "did not take act 9")]
    public async Task Number_that_a_station_makes_up_stops_nothing_for_good(ulong entry, ulong next, string why)
    {
        using var deck = Open();
        _station.OnRecordAct = _ => new RecordActReply { Entry = entry, Next = next };
        var refused = await Assert.ThrowsAsync<AccountException>(() => deck.ChangeAsync("operator", book => book.Add("root", Password, [Role.Admin])).Guard());
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        _station.OnRecordAct = null;
        await deck.ChangeAsync("operator", _ => true).Guard();
        Assert.NotNull(deck.Check("root", Password));
    }

    [Fact]
    public void Damaged_receipts_are_said_with_what_to_do()
    {
        File.WriteAllText(Path.Combine(_folder, "acts.json"), "{ \"version\": 2 }");
        Assert.Contains("move it away", Assert.Throws<AccountException>(Open).Message, StringComparison.Ordinal);
    }

    private DeckAccounts Open() => new(
        AccountBook.Open(Path.Combine(_folder, "accounts.json"), _random, _time), ActReceipts.Open(Path.Combine(_folder, "acts.json"), _station.Roster.LogOrigin, _station.Identity),
        _station, _store, _time, NullLogger<DeckAccounts>.Instance);

    private static async Task Until(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(AsyncGuard.Limit);
        while (!holds())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
