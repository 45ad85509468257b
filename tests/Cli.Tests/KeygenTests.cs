namespace SecureAggregation.Cli.Tests;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class KeygenTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Keygen_writes_a_key_for_its_owner_only_and_a_public_one()
    {
        var run = await Run.Of("keygen", _folder["mars.pem"], "--json");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["mars.pem"]));
        using var key = KeyFiles.Read(_folder["mars.pem"]);
        Assert.Equal(key.Public, KeyFiles.ReadPublic(_folder["mars.pem.pub"]));
        Assert.Equal(key.Public.Fingerprint, run.Json.GetProperty("fingerprint").GetString());
        Assert.Equal(key.Public.Words, run.Json.GetProperty("words").GetString());
        Assert.DoesNotContain("PRIVATE", File.ReadAllText(_folder["mars.pem.pub"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keygen_does_not_overwrite_a_key()
    {
        await Run.Of("keygen", _folder["mars.pem"]);
        var before = File.ReadAllText(_folder["mars.pem"]);

        var run = await Run.Of("keygen", _folder["mars.pem"]);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("--force", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(_folder["mars.pem"]));
        Assert.Equal(ExitCode.Ok, (await Run.Of("keygen", _folder["mars.pem"], "--force")).Code);
        Assert.NotEqual(before, File.ReadAllText(_folder["mars.pem"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")]
    [InlineData("name,age\nAda,4\n")]
    public void Public_key_file_with_something_else_is_refused(string text)
    {
        File.WriteAllText(_folder["x.pub"], text);

        var refused = Assert.Throws<CliException>(() => KeyFiles.ReadPublic(_folder["x.pub"]));

        Assert.Equal(ExitCode.BadInput, refused.Code);
        Assert.Contains("x.pub", refused.Message, StringComparison.Ordinal);
        Assert.Contains("keygen", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
