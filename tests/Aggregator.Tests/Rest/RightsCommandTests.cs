using System.Collections;
using System.Text.Json;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Security;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>The commands with which an operator gives rights.</summary>
public sealed class RightsCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void Accounts_are_made_changed_listed_and_removed()
    {
        File.WriteAllText(_folder.File("password"), "four words nobody links\n");
        Assert.Equal(ExitCode.Stopped, Run("accounts add ada --role analyst,auditor --study heart --password-file " + _folder.File("password")).Code);
        Assert.Equal("ada\tanalyst,auditor\theart\n", Run("accounts list").Output);
        Assert.Equal(ExitCode.Stopped, Run("accounts set ada --role coordinator --study all").Code);
        using (var listed = JsonDocument.Parse(Run("accounts list --json").Output))
        {
            var ada = listed.RootElement[0];
            Assert.Equal(("coordinator", JsonValueKind.Null, "operator"), (ada.GetProperty("roles")[0].GetString(), ada.GetProperty("studies").ValueKind, ada.GetProperty("by").GetString()));
        }

        var made = Run("accounts add bob --role admin").Output;
        Assert.Matches("shown this once: [A-Za-z0-9_-]{24}\n$", made);
        Assert.DoesNotContain(made.Trim()[^24..], File.ReadAllText(Path.Combine(_folder.File("data"), "accounts.json")), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Stopped, Run("accounts remove bob").Code);
        Assert.Contains("no account bob", Run("accounts remove bob").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_are_shown_once_and_revoked()
    {
        var made = Run("keys add nightly --may read-results,ask-questions --days 7").Output;
        Assert.Matches("Shown this once: sak_[A-Za-z0-9_-]{43}\n$", made);
        Assert.StartsWith("nightly\tread-results,ask-questions\tall studies\tuntil ", Run("keys list").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("sak_", Run("keys list --json").Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Stopped, Run("keys revoke nightly").Code);
        Assert.Equal("", Run("keys list").Output);
    }

    [Theory]
    [InlineData("accounts add ada --role king", "'king' is not a role")]
    [InlineData("accounts add ada", "at least one role")]
    [InlineData("accounts add", "is no command")]
    [InlineData("accounts set ada", "takes --role")]
    [InlineData("keys add k", "takes --may")]
    [InlineData("keys add k --may fly", "'fly' is not a permission")]
    [InlineData("keys add k --may read-results --days 0", "at most 366 days")]
    [InlineData("keys add k --may read-results --days x", "--days is 'x'")]
    [InlineData("keys add k --may", "--may needs a value")]
    [InlineData("keys list --wrong x", "--wrong is not an option")]
    public void What_is_wrong_is_named(string command, string rule)
    {
        var (code, _, errors) = Run(command);
        Assert.Equal(ExitCode.Configuration, code);
        Assert.Contains(rule, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_must_be_named_and_help_names_every_command()
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        Assert.Equal(ExitCode.Configuration, RightsCommand.Run(["accounts", "list"], new Hashtable(), output, errors));
        Assert.Contains("--data DIR", errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Stopped, RightsCommand.Run(["keys", "--help"], new Hashtable(), output, errors));
        Assert.All(Accounts.Permissions.All, p => Assert.Contains(Accounts.Permissions.Word(p), output.ToString(), StringComparison.Ordinal));
        Assert.All(Accounts.Roles.All, r => Assert.Contains(Accounts.Roles.Word(r), output.ToString(), StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private (ExitCode Code, string Output, string Errors) Run(string command)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var errors = new StringWriter { NewLine = "\n" };
        var code = RightsCommand.Run([.. command.Split(' '), "--data", _folder.File("data")], new Hashtable(), output, errors);
        return (code, output.ToString(), errors.ToString());
    }
}
