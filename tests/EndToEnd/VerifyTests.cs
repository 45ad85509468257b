using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.EndToEnd;

[Collection(nameof(MadeDemo))]
public class VerifyTests(MadeDemo demo)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Exported_round_verifies_and_gives_the_total_again(int round)
    {
        var run = await Programs.Secagg("verify", demo.Bundle(round), "--roster", demo.Roster, "--json");

        Assert.True(run.Code == 0, run.ToString());
        Assert.True(run.Json.GetProperty("verified").GetBoolean());
        var again = run.Json.GetProperty("statistics").EnumerateArray().Where(s => s.GetProperty("value").ValueKind == System.Text.Json.JsonValueKind.Number)
            .Select(s => (s.GetProperty("name").GetString(), s.GetProperty("value").GetDouble()));
        var shown = demo.Ended.Json.GetProperty("rounds")[round].GetProperty("totals").EnumerateArray()
            .Select(t => (t.GetProperty("name").GetString(), t.GetProperty("value").GetDouble()));
        Assert.Equal(shown, again);
    }

    /// <summary>tools/verify.py, which shares no code with secagg, over the rounds of real programs.</summary>
    [SecondVerifierFact]
    public async Task Exported_rounds_verify_with_the_second_verifier()
    {
        var hash = Convert.ToHexStringLower(Roster.Open(File.ReadAllBytes(demo.Roster)).Hash);
        var verdicts = await SecondVerifier.VerifyAsync((string[])[demo.Bundle(0), demo.Bundle(1), demo.Bundle(2)], "--roster-hash", hash);

        Assert.All(verdicts, v => Assert.True(v.Verdict.Passed, v.Text));
    }

    [Fact]
    public async Task Bundle_of_another_consortium_fails()
    {
        var run = await Programs.Secagg("verify", demo.Bundle(0), "--roster-hash", new string('a', 64));

        Assert.Equal(1, run.Code);
        Assert.Contains("does not verify", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Words_of_the_roster_are_compared()
    {
        var words = (await Programs.Secagg("roster", "words", demo.Roster)).Output.Trim();

        Assert.Equal(0, (await Programs.Secagg("verify", demo.Bundle(0), "--words", words)).Code);
        Assert.Equal(1, (await Programs.Secagg("verify", demo.Bundle(0), "--words", words.Replace(words.Split(' ')[0], "zoo", StringComparison.Ordinal))).Code);
    }

    /// <summary>Six hundred places over the whole file, ends included: header, roster, checkpoint, entries, paths, masked vectors.</summary>
    [Fact]
    public void One_flipped_bit_anywhere_fails_and_is_named()
    {
        var bytes = File.ReadAllBytes(demo.Bundle(1));
        var hash = Roster.Open(File.ReadAllBytes(demo.Roster)).Hash;
        Assert.True(Verify(bytes, hash).Passed);

        var stepOver = Math.Max(1, bytes.Length / 600);
        for (var at = 0; at < bytes.Length; at += stepOver)
        {
            var bit = (byte)(1 << (at % 8));
            bytes[at] ^= bit;
            var report = Verify(bytes, hash);
            bytes[at] ^= bit;

            Assert.False(report.Passed, $"the flipped bit at {at} of {bytes.Length} was not noticed");
            var failed = report.Steps.First(s => s.Passed == false);
            Assert.NotEmpty(failed.Detail);
            if (failed.Name == "messages") Assert.NotNull(report.FailedEntry);
        }
    }

    [Theory]
    [InlineData("inclusion")]
    [InlineData("total")]
    public async Task Command_names_what_was_altered(string step)
    {
        var bytes = File.ReadAllBytes(demo.Bundle(1));
        // The masked vectors stand at the end of the file, the entries in its middle.
        bytes[step == "total" ? bytes.Length - 3 : bytes.Length / 2] ^= 4;
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["altered.secagg"], bytes);

        var run = await Programs.Secagg("verify", folder["altered.secagg"], "--roster", demo.Roster, "--json");

        Assert.Equal(1, run.Code);
        Assert.False(run.Json.GetProperty("verified").GetBoolean());
        var failed = run.Json.GetProperty("steps").EnumerateArray().First(s => s.GetProperty("passed").ValueKind == System.Text.Json.JsonValueKind.False);
        Assert.Equal(step, failed.GetProperty("name").GetString());
        Assert.Matches(step == "total" ? "Callisto|party" : "[Ee]ntry [0-9]+", failed.GetProperty("detail").GetString()!);
    }

    private static VerificationReport Verify(byte[] bundle, byte[] rosterHash) => TranscriptVerifier.Verify(new MemoryStream(bundle), new VerifyOptions
    {
        RosterHash = rosterHash,
        ShapeOf = (question, invited) =>
        {
            var layout = VectorLayout.Create(
                Analysis.Decode(question.Query.Analysis.Span), new MicroEpsilon((long)question.Query.EpsilonMicro), (NoiseMode)question.Query.Noise, invited, question.HonestFloor);
            return new RoundShape(layout.Bits, layout.Length);
        },
    });
}
