using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>A schema to begin with, from the rows of a source.</summary>
internal static class SchemaInference
{
    /// <summary>From a CSV file.</summary>
    /// <exception cref="DataSourceException">The file is not a CSV file that an outpost reads.</exception>
    public static string Infer(string path) =>
        Infer(new CsvFiles(path, new CsvForm(null, TextEncoding.Find("")!)), SchemaProposal.NameOf(Path.GetFileNameWithoutExtension(path)));

    /// <summary>From all rows of a source.</summary>
    /// <exception cref="DataSourceException">The source cannot be read.</exception>
    public static string Infer(IDataSource source, string name)
    {
        var header = source.ReadHeader(CancellationToken.None);
        var proposal = new SchemaProposal(name, header);
        var looked = Enumerable.Range(0, header.Count).Where(proposal.Looks).ToArray();
        var selection = new Selection([.. looked.Select(i => SourceColumn.Unread(header[i], ColumnRole.Drop))], null, false);
        using var table = source.Open(selection, CancellationToken.None);
        var places = looked.Select(i => Headers.Find(table.Header, source.Name, header[i])).ToArray();
        while (table.Read())
        {
            for (var i = 0; i < looked.Length; i++) proposal.See(looked[i], table.Field(places[i]));
        }

        return proposal.Write();
    }
}
