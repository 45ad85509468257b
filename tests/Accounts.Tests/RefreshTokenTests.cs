using System.Security.Cryptography;
using SecureAggregation.Testing;

namespace SecureAggregation.Accounts.Tests;

public sealed class RefreshTokenTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokens").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly RandomNumberGenerator _random = new SeededRandom(7);
    private string? _stamp = "one";

    private string File_ => Path.Combine(_folder, "tokens.json");

    public void Dispose()
    {
        _random.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Token_gives_the_next_one_once_and_its_reuse_ends_the_family()
    {
        var first = Tokens().Begin("ada", "one");
        var second = Use(first)!.Value.Next;
        var third = Use(second)!.Value.Next;
        var other = Tokens().Begin("ada", "one");
        Assert.Null(Use(first));
        Assert.Null(Use(third));
        Assert.Equal("ada", Use(other)!.Value.Account);
    }

    [Fact]
    public void Family_ends_with_the_stamp_the_account_its_age_and_by_request()
    {
        var (old, gone, aged, ended) = (Tokens().Begin("ada", "one"), Tokens().Begin("ada", "one"), Tokens().Begin("ada", "one"), Tokens().Begin("ada", "one"));
        Tokens().End(ended);
        Assert.Null(Use(ended));
        _stamp = "two";
        Assert.Null(Use(old));
        _stamp = null;
        Assert.Null(Use(gone));
        _stamp = "one";
        _time.Advance(RefreshTokens.Life);
        Assert.Null(Use(aged));
    }

    [Fact]
    public void File_holds_hashes_alone_and_one_account_has_at_most_20()
    {
        var tokens = Enumerable.Range(0, 21).Select(_ => Tokens().Begin("ada", "one")).ToList();
        Assert.All(tokens, token => Assert.DoesNotContain(token[22..], File.ReadAllText(File_)));
        Assert.Null(Use(tokens[0]));
        Assert.NotNull(Use(tokens[1]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("????????????????????????????????????????????????????????????????")]
    public void What_is_no_token_gives_nothing(string token) => Assert.Null(Use(token));

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("""[{"Id":"x","Account":"ada","Stamp":"","Hash":"","Expires":"2026-01-01T00:00:00Z"}]""")]
    public void Damaged_file_is_refused_with_what_to_do(string text)
    {
        File.WriteAllText(File_, text);
        Assert.Contains("delete it", Assert.Throws<AccountException>(Tokens).Message);
    }

    private (string Account, string Next)? Use(string token) => Tokens().Use(token, _ => _stamp);

    private RefreshTokens Tokens() => RefreshTokens.Open(File_, _random, _time);
}
