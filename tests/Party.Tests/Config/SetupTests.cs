using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Storage;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Config;

public sealed class SetupTests : IDisposable
{
    private const string Rows = "full_name,age,sex\nx,1,1\n";

    private readonly Scratch _scratch = new();
    private readonly string _config;

    public SetupTests() => _config = TestConsortium.Shared.WriteOutpost(_scratch, "https://station.example:7443", Rows);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Complete_configuration_passes_the_check_which_says_what_it_read()
    {
        var said = OutpostHost.Check(CommandLine.Parse(["--config", _config, "--check"]));
        Assert.Contains("party-0 of Test", said, StringComparison.Ordinal);
        Assert.Contains("clinic: 1 rows read", said, StringComparison.Ordinal);
        Assert.Contains("0 entries", said, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, int, string[]> Mistakes { get; } = new()
    {
        { "outpost.json", "https://station.example:7443\"=http://a\"", ExitCodes.Configuration, ["Outpost:Station", "https://host:port"] },
        { "outpost.json", "\"Roster\"=\"Rooster\"", ExitCodes.Configuration, ["\"Outpost\" has an unknown key: 'Rooster'.", "docs/outpost.md"] },
        { "outpost.json", "\"Trace\"=\"Loud\"", ExitCodes.Configuration, ["LogLevel", "\"Loud\"", "Information"] },
        { "outpost.json", "\"Logging\"=\"Loging\"", ExitCodes.Configuration, ["\"Loging\"", "\"Logging\""] },
        { "outpost.json", "00:00:00.010=soon", ExitCodes.Configuration, ["soon", "Reconnect:First"] },
        { "outpost.json", "00:00:00.050=00:00:00.001", ExitCodes.Configuration, ["Outpost:Reconnect", "Longest from First"] },
        { "outpost.json", "{ \"Outpost\": {={ \"Outpost\": { \"Cores\": 0,", ExitCodes.Configuration, ["Outpost:Cores is 0", "1 or more"] },
        { "outpost.json", "{ \"Outpost\"={ \"Outpost", ExitCodes.Configuration, ["outpost.json", "cannot be read", "LineNumber: 0"] },
        { "outpost.json", "\"Csv\": \"clinic.csv\"=\"Csv\": \"none.csv\"", ExitCodes.Data, ["none.csv", "does not exist"] },
        { "outpost.json", "\"Schema\": \"clinic.yaml\"=\"Schema\": \"none.yaml\"", ExitCodes.Data, ["none.yaml", "secagg-outpost infer"] },
        { "outpost.json", "\"clinic\":=\"lung\":", ExitCodes.Data, ["'clinic' there and 'lung'"] },
        { "policy.yaml", "  clinic:=  lung:", ExitCodes.Configuration, ["policy.yaml", "'lung' is not configured"] },
        { "policy.yaml", "[ age, sex ]=[ age, six ]", ExitCodes.Configuration, ["no column 'six'"] },
        { "policy.yaml", "histogram=histogramm", ExitCodes.Configuration, ["'histogramm' is no operation", "variance"] },
        { "clinic.yaml", "  full_name: drop\n=", ExitCodes.Data, ["full_name: drop", "names"] },
        { "clinic.yaml", "name: clinic\n=name: clinic\naccess: approval\n", ExitCodes.Configuration, ["access: approval", "'approval: manual'"] },
        { "clinic.csv", "age=aeg", ExitCodes.Data, ["no column 'age'"] },
        { "clinic.csv", "x,1,1=x,1,9", ExitCodes.Data, ["line 2, column 'sex'"] },
        { "roster.pin", "*=00", ExitCodes.Identity, ["roster.pin", "64 hexadecimal digits"] },
        { "roster.pin", "*=0000000000000000000000000000000000000000000000000000000000000000", ExitCodes.Identity, ["not the one that was " +
            "pinned", "enrol"] },
        { "roster.bin", "*=rubbish", ExitCodes.Identity, ["roster.bin"] },
        { "key.pem", "*=rubbish", ExitCodes.Identity, ["key.pem", "secagg keygen"] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistake_is_named_with_rule_and_fix_and_has_its_exit_code(string file, string change, int exitCode, string[] parts)
    {
        var (from, to) = (change.Split('=')[0], change.Split('=')[1]);
        var text = File.ReadAllText(_scratch[file]);
        if (from != "*") Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(_scratch[file], from == "*" ? to : text.Replace(from, to, StringComparison.Ordinal));
        var error = Assert.ThrowsAny<Exception>(() => OutpostHost.Check(CommandLine.Parse(["--config", _config])));
        Assert.Equal(exitCode, error is ConfigurationException c ? c.ExitCode : error is DataSourceException ? ExitCodes.Data : -1);
        Assert.All(parts, p => Assert.Contains(p, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Key_file_that_others_may_read_is_refused_with_the_command_that_closes_it()
    {
        if (OperatingSystem.IsWindows()) return;
        File.SetUnixFileMode(_scratch["key.pem"], UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var error = Assert.Throws<ConfigurationException>(Check);
        Assert.Equal(ExitCodes.Identity, error.ExitCode);
        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Policy_that_refuses_every_query_is_said()
    {
        var text = File.ReadAllText(_scratch["policy.yaml"]);
        File.WriteAllText(_scratch["policy.yaml"], "floors: { parties: 9, survivors: 8, colluders: 7 }\n" + text);
        var said = OutpostHost.Check(CommandLine.Parse(["--config", _config]));
        Assert.Contains("the policy refuses every query: floors.parties is 9, but the roster has 3 parties", said, StringComparison.Ordinal);
        Assert.Contains("floors.survivors is 8", said, StringComparison.Ordinal);
        Assert.Contains("floors.colluders is 7, but the roster withstands", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Setting_of_the_command_line_that_nothing_reads_is_refused()
    {
        var error = Assert.Throws<ConfigurationException>(() => Settings.Read(CommandLine.Parse(["--config", _config, "--set", "State=elsewhere"])));
        Assert.Contains("Outpost:State", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pre_shared_key_is_read_by_the_partys_name()
    {
        WriteSecret(new string('5', 64));
        Assert.Equal([1u], Load("party-1").PairSecrets.Keys.Keys);
        Assert.True(Load("party-1").PairSecrets.Keys[1].FixedTimeEquals(Enumerable.Repeat((byte)0x55, 32).ToArray()));
    }

    [Theory]
    [InlineData("party-0", "5", "another party")]
    [InlineData("nobody", "5", "party-1, party-2")]
    [InlineData("party-1", "z", "openssl rand -hex 32")]
    public void Pre_shared_key_of_nobody_or_of_another_form_is_refused(string party, string digit, string said)
    {
        WriteSecret(string.Concat(Enumerable.Repeat(digit, 64)));
        var error = Assert.Throws<ConfigurationException>(() => Load(party));
        Assert.Equal(ExitCodes.Identity, error.ExitCode);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("zzz", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_of_nobody_in_the_roster_is_refused_by_fingerprint()
    {
        using var stranger = IdentityKey.Generate(new SeededRandom(77));
        File.WriteAllText(_scratch["key.pem"], stranger.ToPem());
        var error = Assert.Throws<ConfigurationException>(Check);
        Assert.Contains(stranger.Public.Fingerprint, error.Message, StringComparison.Ordinal);
        Assert.Contains("no party's", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Expired_roster_is_refused()
    {
        var command = CommandLine.Parse(["--config", _config]);
        var options = Settings.Bind(Settings.Read(command), command);
        var error = Assert.Throws<ConfigurationException>(() => OutpostSetup.Load(
            options, TestConsortium.Shared.Roster.NotAfter.AddSeconds(1)));
        Assert.Equal(ExitCodes.Identity, error.ExitCode);
        Assert.Contains("expired", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Earlier_epoch_is_refused_once_a_later_one_was_served()
    {
        using var store = OutpostStore.Open(_scratch["state"]);
        var memory = new PartyMemory(store, new ManualTimeProvider());
        var roster = TestConsortium.Shared.Roster;
        Assert.True(memory.TryAcceptEpoch(roster));
        Assert.True(memory.TryAcceptEpoch(roster));
        store.Write((connection, transaction) =>
        {
            using var command = connection.CreateCommand();
            (command.CommandText, command.Transaction) = ("UPDATE epoch SET epoch = 2", transaction);
            return command.ExecuteNonQuery();
        });
        Assert.False(memory.TryAcceptEpoch(roster));
    }

    [Fact]
    public void Roster_is_pinned_by_its_words_only()
    {
        File.Delete(_scratch["roster.pin"]);
        Assert.Contains("enrol", Assert.Throws<ConfigurationException>(Check).Message, StringComparison.Ordinal);
        var wrong = Assert.Throws<ConfigurationException>(() => Enrolment.Run(
            CommandLine.Parse(["enrol", "--config", _config, "--words", "abandon ability able"])));
        Assert.Equal(ExitCodes.Identity, wrong.ExitCode);
        Assert.False(File.Exists(_scratch["roster.pin"]));
        var words = string.Join(' ', TestConsortium.Shared.Roster.Words);
        Assert.Equal(ExitCodes.Success, Enrolment.Run(CommandLine.Parse(["enrol", "--config", _config, "--words", words])));
        Check();
    }

    [Fact]
    public void Command_line_comes_before_environment_and_file_and_counts_paths_from_where_it_is_given()
    {
        var command = CommandLine.Parse(
            ["--config", _config, "--station=https://other:1", "--state", "here", "--set", "Outpost:Datasets:clinic:Csv=sub/a.csv"]);
        var options = Settings.Bind(Settings.Read(command), command);
        Assert.Equal("https://other:1", options.Station);
        Assert.Equal(Path.GetFullPath("here"), options.State);
        Assert.Equal(_scratch["sub/a.csv"], options.Datasets["clinic"].Csv);
        Assert.Equal(_scratch["roster.bin"], options.Roster);
    }

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("--config")]
    [InlineData("--set", "a")]
    [InlineData("infer")]
    [InlineData("infer", "a.csv", "b.csv")]
    [InlineData("--check", "run")]
    public void Command_line_that_is_not_understood_is_refused(params string[] args) =>
        Assert.Equal(ExitCodes.Configuration, Assert.Throws<ConfigurationException>(() => CommandLine.Parse(args)).ExitCode);

    private void Check() => OutpostHost.Check(CommandLine.Parse(["--config", _config]));

    private void WriteSecret(string text)
    {
        File.WriteAllText(_scratch["pair.key"], text + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_scratch["pair.key"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private OutpostSetup Load(string party)
    {
        var command = CommandLine.Parse(["--config", _config, "--set", $"Outpost:PreSharedKeys:{party}=pair.key"]);
        return OutpostSetup.Load(Settings.Bind(Settings.Read(command), command), TestConsortium.Shared.Roster.NotAfter.AddDays(-1));
    }
}
