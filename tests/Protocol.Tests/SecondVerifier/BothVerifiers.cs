using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.SecondVerifier;

/// <summary>The verifier of this project and the second one, over the same bundles.</summary>
internal static class BothVerifiers
{
    /// <summary>What both say, and in which words; fails where they differ.</summary>
    /// <param name="cases">The bundles.</param>
    /// <param name="remembered">A head that the reader remembers, as a note.</param>
    public static async Task<List<(string Name, BundleVerdict Verdict, string Text)>> VerifyAsync(IReadOnlyList<Case> cases, string? remembered = null)
    {
        var head = remembered is null ? null : Path.GetTempFileName();
        try
        {
            if (head is not null) await File.WriteAllTextAsync(head, remembered);
            var second = await Testing.SecondVerifier.VerifyAsync(cases.Select(c => c.Bundle), head is null ? [] : ["--head", head]);
            return [.. cases.Zip(second, (c, s) => Compare(c, s, remembered))];
        }
        finally
        {
            if (head is not null) File.Delete(head);
        }
    }

    private static (string, BundleVerdict, string) Compare(Case bundle, (BundleVerdict Verdict, string Text) second, string? remembered)
    {
        var options = new VerifyOptions { ShapeOf = (_, _) => bundle.Shape, Remembered = remembered is null ? null : Checkpoint.Parse(remembered) };
        var report = TranscriptVerifier.Verify(new MemoryStream(bundle.Bundle), options);
        var first = new BundleVerdict(report.Failure?.Name, (ulong?)report.FailedEntry, report.FailedRecord);
        var text = $"{bundle.Name}: secagg verify {first}, tools/verify.py {second.Verdict}\n{string.Join('\n', report.Steps)}\n\n{second.Text}";
        Assert.True(first == second.Verdict, text);
        return (bundle.Name, first, text);
    }

    /// <summary>A bundle, and the shape that its query gives.</summary>
    public sealed record Case(string Name, RoundShape Shape, byte[] Bundle);
}
