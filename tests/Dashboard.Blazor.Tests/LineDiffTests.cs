using FsCheck.Fluent;
using SecureAggregation.Dashboard.Blazor.Model.Queries;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class LineDiffTests
{
    [Fact]
    public void Only_the_lines_that_differ_are_marked()
    {
        var diff = LineDiff.Of("a\nb\nc\n", "a\nx\nc\nd\n");
        Assert.Equal([(LineChange.Kept, "a"), (LineChange.Removed, "b"), (LineChange.Added, "x"), (LineChange.Kept, "c"), (LineChange.Added, "d")], diff);
    }

    [Fact]
    public void Both_texts_can_be_read_off_the_difference() => Property.Holds(
        Gen.ArrayOf(Gen.Elements("a", "b", "c")).Two(),
        pair =>
        {
            var (before, after) = (string.Join('\n', pair.Item1), string.Join('\n', pair.Item2));
            var diff = LineDiff.Of(before, after);
            return string.Join('\n', diff.Where(d => d.Change != LineChange.Added).Select(d => d.Line)) == before
                && string.Join('\n', diff.Where(d => d.Change != LineChange.Removed).Select(d => d.Line)) == after;
        },
        300);

    [Fact]
    public void Texts_too_long_to_compare_are_still_told_apart()
    {
        var diff = LineDiff.Of(string.Join('\n', Enumerable.Range(0, 1500)), string.Join('\n', Enumerable.Range(5000, 1500)));
        Assert.Equal((1500, 1500), (diff.Count(d => d.Change == LineChange.Removed), diff.Count(d => d.Change == LineChange.Added)));
    }
}
