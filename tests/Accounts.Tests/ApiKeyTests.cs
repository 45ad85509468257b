using System.Security.Cryptography;
using System.Text;
using SecureAggregation.Testing;

namespace SecureAggregation.Accounts.Tests;

public sealed class ApiKeyTests : IDisposable
{
    private const string Password = "four words nobody links";
    private readonly string _folder = Directory.CreateTempSubdirectory("keys").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly RandomNumberGenerator _random = new SeededRandom(7);

    private string File_ => Path.Combine(_folder, "accounts.json");

    public void Dispose()
    {
        _random.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Key_is_kept_as_its_hash_and_ends_when_it_expires()
    {
        var (key, text) = Book().AddKey("nightly", [Permission.AskQuestions, Permission.ReadResults, Permission.AskQuestions], ["heart"], TimeSpan.FromDays(30), "operator");
        Assert.Equal([Permission.ReadResults, Permission.AskQuestions], key.Permissions);
        var file = File.ReadAllText(File_);
        Assert.DoesNotContain(text[4..], file);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))), file);
        Assert.Equal(("nightly", "heart", "operator"), Book().CheckKey(text) is { } found ? (found.Name, found.Studies![0], found.By) : default);
        Assert.Null(Book().CheckKey(text[..^1] + (text[^1] == 'A' ? 'B' : 'A')));
        Assert.Null(Book().CheckKey("sak_"));
        _time.Advance(TimeSpan.FromDays(30));
        Assert.Null(Book().CheckKey(text));
        Assert.Single(Book().Keys);
    }

    [Fact]
    public void Revoked_key_is_none()
    {
        var book = Book();
        var (_, text) = book.AddKey("nightly", [Permission.ReadResults], null, TimeSpan.FromDays(1));
        book.RevokeKey("Nightly");
        Assert.Null(book.CheckKey(text));
        Assert.Contains("no key nightly", Assert.Throws<AccountException>(() => book.RevokeKey("nightly")).Message);
    }

    [Theory]
    [InlineData("a b", 1, "read-results", "heart", "letters")]
    [InlineData("a", 0, "read-results", "heart", "at most 366 days")]
    [InlineData("a", 367, "read-results", "heart", "at most 366 days")]
    [InlineData("a", 1, "", "heart", "one thing at least")]
    [InlineData("a", 1, "read-results", "", "1 to 64 characters")]
    public void Rule_that_is_broken_is_named(string name, int days, string may, string study, string rule) => Assert.Contains(
        rule, Assert.Throws<AccountException>(() => Book().AddKey(name, may.Length > 0 ? [Permissions.Parse(may)] : [], [study], TimeSpan.FromDays(days))).Message);

    [Fact]
    public void What_another_program_writes_is_read_again_and_not_undone()
    {
        var (ours, theirs) = (Book(), Book());
        theirs.Add("Ada", Password, [Role.Analyst], ["heart"], "operator");
        Assert.Empty(ours.All);
        Assert.True(ours.Reload());
        Assert.Equal(("Ada", "heart"), (ours.All[0].Name, ours.All[0].Studies![0]));
        Assert.False(ours.Reload());

        // Without reading first.
        theirs.AddKey("nightly", [Permission.ReadResults], null, TimeSpan.FromDays(1));
        ours.Add("Bob", Password, [Role.Auditor]);
        Assert.Equal((2, 1), (Book().All.Count, Book().Keys.Count));
        using (File.Open(File_ + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            Assert.Contains("being changed by another program", Assert.Throws<AccountException>(() => ours.Remove("Bob")).Message);
        ours.Remove("Bob");
    }

    [Fact]
    public void Studies_change_the_stamp()
    {
        var book = Book();
        var first = book.Add("Ada", Password, [Role.Analyst]);
        Assert.Null(first.Studies);
        var second = book.SetStudies("Ada", ["heart", "lung"], "root");
        Assert.NotEqual(first.Stamp, second.Stamp);
        Assert.Equal(["heart", "lung"], Book().Find("ada")!.Studies!);
        Assert.Contains("1 to 100 studies", Assert.Throws<AccountException>(() => book.SetStudies("Ada", [])).Message);
    }

    [Theory]
    [InlineData("""{"version":1,"accounts":[],"keys":[{"name":"k","may":["rule"],"hash":"HASH","stamp":"s"}]}""", "'rule' is not a permission")]
    [InlineData("""{"version":1,"accounts":[],"keys":[{"name":"k","may":["read-results"],"hash":"00","stamp":"s"}]}""", "lacks its hash")]
    [InlineData("""{"version":1,"accounts":[],"keys":[null]}""", "a key that is null")]
    [InlineData("""{"version":1,"accounts":[],"keys":[{"name":"k","may":["read-results"],"hash":"HASH","stamp":"s","expires":"2026-01-01T00:00:00Z"},{"name":"K","may":["read-results"],"hash":"HASH","stamp":"s","expires":"2026-01-01T00:00:00Z"}]}""", "twice")]
    [InlineData("""{"version":1,"accounts":[],"keys":[{"name":"k","may":["read-results"],"hash":"HASH","stamp":"s","studies":[]}]}""", "1 to 100 studies")]
    [InlineData("""{"version":1,"accounts":[],"keys":[{"name":"k","may":["read-results"],"hash":"HASH","stamp":"s"}]}""", "has no end")]
    [InlineData("""{"version":1,"accounts":[],"keys":[{"name":"k","may":["read-results"],"hash":"HASH","stamp":"s","expires":"2026-01-01T00:00:00Z","by":"HASHHASHHASH"}]}""", "'by' is a name")]
    public void Damaged_key_is_refused_by_name(string text, string rule)
    {
        File.WriteAllText(File_, text.Replace("HASH", new string('0', 64), StringComparison.Ordinal));
        Assert.Contains(rule, Assert.Throws<AccountException>(Book).Message);
    }

    [Fact]
    public void Words_of_permissions_are_read_back() => Assert.All(Permissions.All, p => Assert.Equal(p, Permissions.Parse(p.Word())));

    private AccountBook Book() => AccountBook.Open(File_, _random, _time, administered: false);
}
