using System.Text.RegularExpressions;
using SecureAggregation.Crypto;

namespace SecureAggregation.Cli.Tests;

/// <summary>From nothing to the keys of a roster, by invitations whose answers may travel by anybody.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed partial class EnrolTests : IDisposable
{
    private const string Words = "abandon able able able able able able able able able able able";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Three_invited_outposts_and_a_station_make_a_roster()
    {
        await InitAsync();
        foreach (var name in new[] { "Mars", "Titan", "Europa" })
        {
            var made = await Run.Of("outpost", "init", _folder[name], "--name", name, "--station", "https://10.0.0.1:7443", "--code", await InviteAsync(name), "--json");
            Assert.True(made.Code == ExitCode.Ok, made.Error);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder[name], "outpost.pem")));
            Assert.DoesNotContain("PRIVATE", await File.ReadAllTextAsync(Path.Combine(_folder[name], $"{name}.join")), StringComparison.Ordinal);
            Assert.Equal(ExitCode.Ok, (await AdmitAsync(Path.Combine(_folder[name], $"{name}.join"))).Code);
        }

        var joined = await Run.Of("join", "--name", "Base", "--as", "station", "--key", _folder["station.pem"], "--code", await InviteAsync("Base", "--as", "station"));
        Assert.True(joined.Code == ExitCode.Ok, joined.Error);
        Assert.Equal(ExitCode.Ok, (await AdmitAsync(_folder["Base.join"])).Code);
        var members = Path.Combine(_folder["home"], "members");
        var roster = await Run.Of(
            "roster", "new", _folder["roster.bin"], "--consortium", "Three", "--station", Path.Combine(members, "Base.pub"), "--coordinator", $"Control={Path.Combine(_folder["home"], "coordinator.pem.pub")}",
            "--party", $"Mars={Path.Combine(members, "Mars.pub")}", "--party", $"Titan={Path.Combine(members, "Titan.pub")}", "--party", $"Europa={Path.Combine(members, "Europa.pub")}");
        Assert.True(roster.Code == ExitCode.Ok, roster.Error);
        using var key = KeyFiles.Read(Path.Combine(_folder["Mars"], "outpost.pem"));
        Assert.Equal(key.Public, KeyFiles.ReadPublic(Path.Combine(members, "Mars.pub")));
    }

    [Fact]
    public async Task Key_that_is_put_in_on_the_way_is_not_admitted()
    {
        await InitAsync();
        await Run.Of("outpost", "init", _folder["Mars"], "--name", "Mars", "--code", await InviteAsync("Mars"));
        var answer = Path.Combine(_folder["Mars"], "Mars.join");
        using var other = IdentityKey.Generate();
        var whole = await File.ReadAllTextAsync(answer);
        await File.WriteAllTextAsync(answer, Pem().Replace(whole, KeyFiles.PublicPem(other.Public)));
        var refused = await AdmitAsync(answer);
        Assert.Equal(ExitCode.Failed, refused.Code);
        Assert.Contains("changed on its way", refused.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder["home"], "members")));

        // The code was not used up by the wrong answer, and is by the right one.
        await File.WriteAllTextAsync(answer, whole);
        Assert.Equal(ExitCode.Ok, (await AdmitAsync(answer)).Code);
        var again = await AdmitAsync(answer);
        Assert.Equal(ExitCode.BadInput, again.Code);
        Assert.Contains("used already", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_of_another_invitation_role_or_name_is_not_admitted()
    {
        await InitAsync();
        var (mars, titan) = (await InviteAsync("Mars"), await InviteAsync("Titan"));
        await Run.Of("join", "--name", "Mars", "--key", _folder["mars.pem"], "--code", titan);
        Assert.Equal(ExitCode.Failed, (await AdmitAsync(_folder["Mars.join"])).Code);
        await Run.Of("join", "--name", "Mars", "--as", "auditor", "--key", _folder["mars.pem"], "--code", mars);
        Assert.Equal(ExitCode.Failed, (await AdmitAsync(_folder["Mars.join"])).Code);
        await Run.Of("join", "--name", "Mars", "--key", _folder["mars.pem"], "--code", "  " + mars.ToUpperInvariant().Replace(" ", "  ", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Ok, (await AdmitAsync(_folder["Mars.join"])).Code);
    }

    [Fact]
    public async Task Invitation_is_its_owners_only_and_says_nothing_of_the_words()
    {
        await InitAsync();
        var code = await InviteAsync("Mars");
        var file = Path.Combine(_folder["home"], "invitations", "Mars");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.DoesNotContain(code.Split(' ')[0] + " ", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Equal(12, code.Split(' ').Length);
        Assert.Equal("Mars", $"{Invitation.Read(file)}");
        Assert.Equal(ExitCode.BadInput, (await Run.Of("invite", "Mars", "--folder", _folder["home"])).Code);
    }

    [Fact]
    public async Task Invitation_that_is_over_is_not_taken()
    {
        await InitAsync();
        await Run.Of("join", "--name", "Mars", "--key", _folder["mars.pem"], "--code", await InviteAsync("Mars"));
        var invitation = Invitation.Read(Path.Combine(_folder["home"], "invitations", "Mars"));
        var late = Assert.Throws<CliException>(() => invitation.Open(_folder["Mars.join"], invitation.Expires.AddSeconds(1)));
        Assert.Contains("was good until", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_code_or_name_leaves_nothing_behind_so_that_the_right_one_can_be_typed()
    {
        await InitAsync();
        var code = await InviteAsync("Mars");
        foreach (var (name, typed) in new[] { ("Mars", "one two three"), ("../Mars", code), ("Mars", code + "x") })
        {
            Assert.Equal(ExitCode.BadInput, (await Run.Of("outpost", "init", _folder["mars"], "--name", name, "--code", typed)).Code);
            Assert.Equal(ExitCode.BadInput, (await Run.Of("join", "--name", name, "--key", _folder["mars.pem"], "--code", typed)).Code);
        }

        Assert.Equal([_folder["home"]], Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.Equal(ExitCode.Ok, (await Run.Of("outpost", "init", _folder["mars"], "--name", "Mars", "--code", code)).Code);
        Assert.Equal(ExitCode.Ok, (await AdmitAsync(Path.Combine(_folder["mars"], "Mars.join"))).Code);
    }

    [Fact]
    public async Task Whoever_let_an_invitation_run_out_is_invited_again()
    {
        await InitAsync();
        await InviteAsync("Mars");
        var file = Path.Combine(_folder["home"], "invitations", "Mars");
        await File.WriteAllTextAsync(file, Regex.Replace(await File.ReadAllTextAsync(file), "expires: .*", "expires: 2020-01-01 00:00:00Z", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await Run.Of("join", "--name", "Mars", "--key", _folder["mars.pem"], "--code", await InviteAsync("Mars"));
        Assert.Equal(ExitCode.Ok, (await AdmitAsync(_folder["Mars.join"])).Code);
    }

    [Theory]
    [InlineData("the name '../x'", "invite", "../x", "--folder", "@home")]
    [InlineData("one of party, coordinator, auditor, station", "invite", "Mars", "--as", "king", "--folder", "@home")]
    [InlineData("from 1 to 90", "invite", "Mars", "--days", "0", "--folder", "@home")]
    [InlineData("`secagg init`", "invite", "Mars", "--folder", "@nowhere")]
    [InlineData("does not begin with", "admit", "@home/coordinator.pem.pub", "--folder", "@home")]
    [InlineData("does not exist", "admit", "@none.join", "--folder", "@home")]
    [InlineData("3 words", "join", "--name", "Mars", "--key", "@mars.pem", "--code", "one two three")]
    [InlineData("not empty", "outpost", "init", "@home", "--name", "Mars")]
    [InlineData("not empty", "init", "@home", "--coordinator", "Control")]
    [InlineData("not begin with a dot", "init", "@fresh", "--coordinator", "A=B")]
    [InlineData("the name 'A=B'", "invite", "A=B", "--folder", "@home")]
    [InlineData("is a file", "outpost", "init", "@home/coordinator.pem", "--name", "Mars")]
    [InlineData("is a folder", "join", "--name", "Mars", "--key", "@home", "--code", Words)]
    [InlineData("is empty", "outpost", "init", "", "--name", "Mars")]
    [InlineData("is empty", "join", "--name", "Mars", "--key", "", "--code", Words)]
    [InlineData("0 words", "outpost", "init", "@mars", "--name", "Mars", "--code", "")]
    [InlineData("word 2 of the code, 'abandom'", "outpost", "init", "@mars", "--name", "Mars", "--code", "abandon abandom able able able able able able able able able able")]
    [InlineData("must be an address", "outpost", "init", "@mars", "--name", "Mars", "--station", "http://x")]
    public async Task Wrong_input_is_said_with_what_to_do(string said, params string[] arguments)
    {
        await InitAsync();
        var run = await Run.Of([.. arguments.Select(a => a.StartsWith('@') ? _folder[a[1..]] : a)]);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains(said, run.Error.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    private async Task InitAsync() => Assert.Equal(ExitCode.Ok, (await Run.Of("init", _folder["home"], "--coordinator", "Control")).Code);

    private async Task<string> InviteAsync(string name, params string[] more) =>
        (await Run.Of(["invite", name, "--folder", _folder["home"], "--json", .. more])).Json.GetProperty("code").GetString()!;

    private Task<Run> AdmitAsync(string answer) => Run.Of("admit", answer, "--folder", _folder["home"]);

    [GeneratedRegex("-----BEGIN PUBLIC KEY-----.*-----END PUBLIC KEY-----", RegexOptions.Singleline, 1000)]
    private static partial Regex Pem();
}
