namespace SecureAggregation.Cli;

/// <summary>Where a round's bundle goes: beside the name that was asked for until it is whole, for its owner alone, or somewhere for as long as it is needed.</summary>
internal sealed class EvidenceFile : IAsyncDisposable
{
    private readonly string _written;
    private readonly string? _kept;

    private EvidenceFile(FileStream stream, string? kept) => (_written, _kept, Stream) = (stream.Name, kept, stream);

    public FileStream Stream { get; }

    /// <exception cref="CliException">The place cannot be written.</exception>
    public static EvidenceFile Create(string? kept)
    {
        if (kept is null) return new EvidenceFile(File.Create(Path.GetTempFileName()), null);
        if (Directory.Exists(kept)) throw new CliException(ExitCode.BadInput, $"{kept} is a folder; name a file for the bundle");
        try
        {
            return new EvidenceFile(OwnersFile.Create(kept + ".part"), kept);
        }
        catch (Exception e) when (e is DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.BadInput, $"the bundle cannot be written to {kept}, so nothing was asked: {e.Message}", e);
        }
    }

    /// <summary>Ends writing and gives the file its name. Returns where it is.</summary>
    public async Task<string> KeepAsync()
    {
        await Stream.DisposeAsync();
        if (_kept is null) return _written;
        File.Move(_written, _kept, overwrite: true);
        return _kept;
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        File.Delete(_written);
    }
}
