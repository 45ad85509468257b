using System.Security.Cryptography;
using System.Text;
using SecureAggregation.Party.Config;

namespace SecureAggregation.Party.Data;

/// <summary>The source that a configuration names.</summary>
internal static class DataSources
{
    private const int MaxConnectionBytes = 16 * 1024;

    /// <summary>Nothing is opened yet.</summary>
    /// <exception cref="ConfigurationException">The configuration names no source, or breaks a rule of one.</exception>
    public static IDataSource From(string dataset, DatasetOptions options)
    {
        var key = $"Outpost:Datasets:{dataset}";
        var problems = options.Problems(key).ToList();
        if (problems.Count > 0) throw new ConfigurationException(string.Join(Environment.NewLine, problems));
        var form = new CsvForm(options.Delimiter.Length == 0 ? null : options.Delimiter[0], TextEncoding.Find(options.Encoding)!);
        return options switch
        {
            { Url.Length: > 0 } => new RemoteCsv(new HttpFile(new Uri(options.Url)), form, new RemoteLimits()),
            { S3: { } s3 } => new RemoteCsv(new S3File(s3), form, new RemoteLimits()),
            { Sqlite: { } sqlite } => new SqliteSource(sqlite.File, sqlite.Table),
            { Postgres: { } postgres } => new PostgresSource(() => ConnectionString(postgres, dataset), postgres.Table),
            _ => new CsvFiles(options.Csv, form),
        };
    }

    private static string ConnectionString(PostgresOptions options, string dataset)
    {
        if (options.ConnectionFile.Length == 0) return options.Connection;
        byte[] bytes;
        try
        {
            bytes = SecretFile.ReadSecret(options.ConnectionFile, MaxConnectionBytes, $"Datasets:{dataset}:Postgres:ConnectionFile");
        }
        catch (ConfigurationException e)
        {
            throw new DataSourceException(e.Message);
        }

        var text = Encoding.UTF8.GetString(bytes).Trim();
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }
}
