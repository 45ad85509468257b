using SecureAggregation.Crypto;

namespace SecureAggregation.Cli.Tests;

public sealed class VersionTests
{
    [Fact]
    public async Task Version_is_one_line()
    {
        var run = await Run.Of("--version");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", run.Output);
        Assert.Equal(run.Output.Trim(), (await Run.Of("--version", "--json")).Json.GetProperty("version").GetString());
    }

    [Fact]
    public async Task Verbose_version_says_what_the_processor_is_used_for()
    {
        var lines = (await Run.Of("--version", "--verbose")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("secagg ", lines[0], StringComparison.Ordinal);
        Assert.Contains(".NET", lines[1], StringComparison.Ordinal);
        Assert.Matches(@"^mask: (x86-gfni|x86-aes|arm-aes|portable) \(.+\), ring add: (\d+-bit|portable), packing: (\d+-bit|portable), carry-less multiply: \S+$", lines[2]);
        Assert.Contains($"mask: {MaskBatch.PathName} ", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verbose_version_is_one_document_with_json()
    {
        var run = await Run.Of("--version", "--verbose", "--json");
        Assert.Equal(
            ["version", "runtime", "mask", "ring_add", "packing", "carry_less_multiply"],
            run.Json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(Acceleration.Mask, run.Json.GetProperty("mask").GetString());
        Assert.Empty(run.Error);
    }
}
