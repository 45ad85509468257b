namespace SecureAggregation.EndToEnd;

/// <summary>One run of the demo with made patients and recorded traffic, which several tests look at.</summary>
public sealed class MadeDemo : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal Ended Ended { get; private set; } = new(-1, "", "");

    internal string Folder => _folder["run"];

    internal string Roster => Path.Combine(Folder, "roster.bin");

    /// <summary>The bundle of one of the three rounds.</summary>
    internal string Bundle(int round) => Ended.Json.GetProperty("rounds")[round].GetProperty("bundle").GetString()!;

    public async Task InitializeAsync() => Ended = await Programs.Secagg("demo", "--once", "--json", "--trace-wire", "--folder", Folder);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();
}

[CollectionDefinition(nameof(MadeDemo))]
public sealed class MadeDemoDefinition : ICollectionFixture<MadeDemo>;
