using System.Globalization;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Fuzz.Targets;
using Xunit.Abstractions;

namespace SecureAggregation.Fuzz;

/// <summary>Each decoder over its inputs. SECAGG_FUZZ_INPUTS, SECAGG_FUZZ_SEED and SECAGG_FUZZ_ONLY are described in README.md.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const ulong DefaultSeed = 20260101;

    private static readonly ulong s_seed = Environment.GetEnvironmentVariable("SECAGG_FUZZ_SEED") is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : DefaultSeed;
    private static readonly long? s_inputs = Environment.GetEnvironmentVariable("SECAGG_FUZZ_INPUTS") is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
    private static readonly string s_only = Environment.GetEnvironmentVariable("SECAGG_FUZZ_ONLY") ?? "";

    public static TheoryData<string> Names => [.. AllTargets.List.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decoder_takes_or_refuses_any_bytes_as_documented(string name)
    {
        var target = AllTargets.Named(name);
        var only = s_only.Split(':');
        if (s_only.Length > 0 && only[0] != name) return;
        var campaign = new Campaign(target, s_seed);
        if (only.Length == 2)
        {
            var input = campaign.Input(long.Parse(only[1], CultureInfo.InvariantCulture));
            Assert.Null(Campaign.Try(target, target.Open(), input).Problem);
            return;
        }

        // The same share of a longer run as of the default one.
        var inputs = s_inputs is { } all ? Math.Max(1, (long)((double)all * target.Inputs / AllTargets.List.Sum(t => (long)t.Inputs))) : target.Inputs;
        var tally = campaign.Run(inputs);
        output.WriteLine(tally.ToString());
        File.AppendAllLines(Path.Combine(Corpus.Artifacts, "tally.txt"), [tally.ToString()]);
        if (inputs < 1000) return;
        Assert.True(tally.Taken < inputs, $"{name} refuses nothing.");
        Assert.True(tally.Taken > 0 || !target.TakesMutants, $"{name} takes nothing: its inputs fail before they reach the decoder.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decoder_takes_the_inputs_that_mutation_begins_with(string name)
    {
        var target = AllTargets.Named(name);
        var decoder = target.Open();
        var seeds = target.Seeds();

        Assert.NotEmpty(seeds);
        Assert.All(seeds, seed =>
        {
            var (problem, taken, _) = Campaign.Try(target, decoder, seed);
            Assert.Null(problem);
            Assert.True(taken, $"{name} refuses {Convert.ToHexString(seed.AsSpan(0, Math.Min(64, seed.Length)))}… of {seed.Length} bytes");
        });
    }

    [Fact]
    public void A_default_run_has_a_million_inputs() => Assert.True(AllTargets.List.Sum(t => t.Inputs) >= 1_000_000);

    [Fact]
    public void Inputs_that_once_went_wrong_do_not_any_more()
    {
        foreach (var (name, file) in Corpus.Found())
        {
            var target = AllTargets.Named(name);
            var (problem, _, _) = Campaign.Try(target, target.Open(), File.ReadAllBytes(file));
            Assert.True(problem is null, $"{file}: {problem}");
        }
    }

    [Fact]
    public void Corpus_is_recorded_for_every_target()
    {
        if (Environment.GetEnvironmentVariable("SECAGG_FUZZ_RECORD") is { Length: > 0 })
        {
            foreach (var target in AllTargets.List) output.WriteLine($"{target.Name}: {Corpus.Write(target)} files");
        }

        Assert.All(AllTargets.List, t => Assert.NotEmpty(Corpus.Of(t.Name)));
    }
}
