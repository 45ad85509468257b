using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli.Tests;

/// <summary>`secagg query sign`: a coordinator signs, somebody else hands in.</summary>
public sealed class QuerySignTests : IDisposable
{
    private const string Query = "name: Mean score\ndataset: d\nstudy: heart\nepsilon: 0.5\nmeasures: [{ mean: score }]\n";
    private const string Schema = "name: d\ncolumns:\n  id: person_key\n  score: { type: integer, low: 0, high: 20 }\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Coordinators_signature_opens_and_the_document_is_all_that_is_printed()
    {
        var roster = await Consortium();
        var before = TimeProvider.System.GetUtcNow();
        var run = await Sign("Control", "--attempts", "3", "--valid", "48");
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.Equal(["query", "signature"], run.Json.EnumerateObject().Select(p => p.Name));

        var question = Question.Open(Signed(run), roster, before);
        Assert.Equal(("Control", "Mean score", "d", "heart", 500_000ul, 3u), (question.Coordinator.Name, question.Query.Title, question.Query.Dataset, question.Query.Study, question.Query.EpsilonMicro, question.Query.Attempts));
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds((long)question.Query.NotAfter), before.AddHours(48).AddSeconds(-1), before.AddHours(48).AddMinutes(5));
        Assert.NotEqual(question.Id, Question.Open(Signed(await Sign("Control")), roster, before).Id);
    }

    [Fact]
    public async Task Query_that_is_signed_for_a_plan_can_be_planned_and_never_run()
    {
        var roster = await Consortium();
        var now = TimeProvider.System.GetUtcNow();
        var signed = Signed(await Sign("Control", "--for-plan"));
        Assert.Equal(0u, Question.OpenPlan(signed, roster, now).Query.Attempts);
        Assert.Throws<RefusalException>(() => Question.Open(signed, roster, now));
    }

    [Theory]
    [InlineData("Mars")]
    [InlineData("Stranger")]
    public async Task Key_of_no_coordinator_signs_nothing(string who)
    {
        await Consortium();
        await Run.Of("keygen", _folder["Stranger.pem"]);
        var run = await Sign(who);
        Assert.Equal((ExitCode.BadInput, ""), (run.Code, run.Output));
        Assert.Contains("is not a coordinator's of this roster", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("q.yaml", "dataset: d\nepsilon: 0\nmeasures: [count]\n", "epsilon")]
    [InlineData("q.yaml", "dataset: d\nepsilon: 1\nmeasures: [{ mean: weight }]\n", "weight")]
    [InlineData("q.yaml", "dataset: other\nepsilon: 1\nmeasures: [count]\n", "other")]
    [InlineData("q.yaml", "dataset: d\nepsilon: 1\nmeasures: [{ logistic: { outcome: score, predictors: [score] } }]\n", "q.yaml")]
    [InlineData("q.yaml", "\0", "q.yaml")]
    [InlineData("schema.yaml", "columns: 7\n", "schema.yaml")]
    [InlineData("Control.pem", "no key", "Control.pem")]
    [InlineData("roster.bin", "no roster", "roster.bin")]
    public async Task File_that_cannot_be_used_is_named_and_nothing_is_signed(string file, string text, string named)
    {
        await Consortium();
        File.WriteAllText(_folder[file], text);
        Refused(await Sign("Control"), named);
    }

    [Theory]
    [InlineData("q.yaml")]
    [InlineData("schema.yaml")]
    [InlineData("Control.pem")]
    [InlineData("roster.bin")]
    public async Task File_that_is_not_there_is_named(string file)
    {
        await Consortium();
        File.Delete(_folder[file]);
        Refused(await Sign("Control"), file);
    }

    [Theory]
    [InlineData("--attempts", "0")]
    [InlineData("--attempts", "11")]
    [InlineData("--valid", "0")]
    [InlineData("--valid", "721")]
    public async Task Option_out_of_its_range_is_refused_with_the_range(string option, string value)
    {
        await Consortium();
        Refused(await Sign("Control", option, value), option);
    }

    [Fact]
    public async Task Without_a_schema_file_a_station_is_asked_and_one_that_is_not_there_is_said()
    {
        await Consortium();
        // Nothing listens on port 1.
        var run = await Run.Of("query", "sign", _folder["q.yaml"], "--roster", _folder["roster.bin"], "--key", _folder["Control.pem"], "--station", "https://127.0.0.1:1");
        Assert.Equal((ExitCode.CannotConnect, ""), (run.Code, run.Output));
    }

    private static void Refused(Run run, string named)
    {
        Assert.Equal((ExitCode.BadInput, ""), (run.Code, run.Output));
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
    }

    private static SignedQuery Signed(Run run) => new()
    {
        Body = ByteString.FromBase64(run.Json.GetProperty("query").GetString()), Signature = ByteString.FromBase64(run.Json.GetProperty("signature").GetString()),
    };

    private Task<Run> Sign(string who, params string[] more) =>
        Run.Of(["query", "sign", _folder["q.yaml"], "--schema", _folder["schema.yaml"], "--roster", _folder["roster.bin"], "--key", _folder[who + ".pem"], .. more]);

    /// <summary>The files of a consortium, whole.</summary>
    private async Task<Roster> Consortium()
    {
        string[] parties = ["Mars", "Titan", "Europa", "Ganymede"];
        File.WriteAllText(_folder["q.yaml"], Query);
        File.WriteAllText(_folder["schema.yaml"], Schema);
        foreach (var name in (string[])[.. parties, "Control", "Station"]) await Run.Of("keygen", _folder[name + ".pem"]);
        await Run.Of(
            ["roster", "new", _folder["roster.bin"], "--consortium", "Test", .. parties.SelectMany(n => (string[])["--party", $"{n}={_folder[n]}.pem.pub"]), "--coordinator", $"Control={_folder["Control.pem"]}.pub", "--station", _folder["Station.pem"] + ".pub"]);
        foreach (var name in (string[])[.. parties, "Control"]) Assert.Equal(ExitCode.Ok, (await Run.Of("roster", "sign", _folder["roster.bin"], "--key", _folder[name + ".pem"])).Code);
        return Roster.Open(File.ReadAllBytes(_folder["roster.bin"]));
    }
}
