namespace SecureAggregation.Party.Data;

/// <summary>A CSV file on another machine, fetched anew for each pass and never stored.</summary>
internal sealed class RemoteCsv(IRemoteFile file, CsvForm form, RemoteLimits limits) : IDataSource
{
    public string Name => file.Name;

    public IReadOnlyList<string> ReadHeader(CancellationToken cancellationToken)
    {
        using var table = Open(cancellationToken);
        return table.Header;
    }

    public ITable Open(Selection selection, CancellationToken cancellationToken) => Open(cancellationToken);

    private CsvTable Open(CancellationToken cancellationToken)
    {
        var stream = RemoteStream.Open(file, limits, cancellationToken);
        return CsvTable.Open(stream, Name, form, () => stream.Percent);
    }
}
