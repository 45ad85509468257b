using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Testing;

namespace SecureAggregation.Client.Tests;

public sealed class HeadMemoryTests : IDisposable
{
    private readonly Members _members = new();
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("secagg-heads-").FullName, "not", "there", "yet");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Largest_head_is_remembered(bool inFolder)
    {
        var memory = inFolder ? new HeadMemory(_folder) : new HeadMemory();
        Assert.Null(memory.Find(_members.Roster));
        memory.Keep(_members.Roster, Head(7));
        memory.Keep(_members.Roster, Head(5));
        Assert.Equal(7, memory.Find(_members.Roster)?.Size);
        memory.Keep(_members.Roster, Head(8));

        Assert.Equal(8, (inFolder ? new HeadMemory(_folder) : memory).Find(_members.Roster)?.Size);
        Assert.Equal(inFolder, File.Exists(memory.FileOf(_members.Roster)));
    }

    [Fact]
    public void Head_that_somebody_changed_is_not_taken_for_none()
    {
        var memory = new HeadMemory(_folder);
        memory.Keep(_members.Roster, Head(7));
        var file = memory.FileOf(_members.Roster)!;
        File.WriteAllText(file, File.ReadAllText(file).Replace("\n7\n", "\n6\n", StringComparison.Ordinal));

        var failure = Assert.Throws<TranscriptException>(() => memory.Find(_members.Roster));

        Assert.Contains(file, failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _members.Dispose();

    private Checkpoint Head(int size) => Checkpoint.Create(
        _members.Roster.LogOrigin, size, MerkleTree.Root([.. Enumerable.Range(0, size).Select(i => MerkleTree.LeafHash([(byte)i]))]), _members.Station);
}
