using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Config;

/// <summary>A dataset: exactly one source, and the schema that says how it is read.</summary>
internal sealed class DatasetOptions
{
    /// <summary>CSV on a disk: a file, a folder of parts, or a pattern.</summary>
    public string Csv { get; set; } = "";

    /// <summary>CSV behind an https address.</summary>
    public string Url { get; set; } = "";

    public S3Options? S3 { get; set; }

    public SqliteOptions? Sqlite { get; set; }

    public PostgresOptions? Postgres { get; set; }

    /// <summary>The schema file, YAML.</summary>
    public string Schema { get; set; } = "";

    /// <summary>For CSV, the character between fields; empty: found out from the header.</summary>
    public string Delimiter { get; set; } = "";

    /// <summary>For CSV, what its bytes mean; empty: UTF-8.</summary>
    public string Encoding { get; set; } = "";

    /// <summary>Makes paths of files absolute.</summary>
    public void MakeAbsolute(Func<string, string> absolute)
    {
        Csv = absolute(Csv);
        Schema = absolute(Schema);
        if (Sqlite is not null) Sqlite.File = absolute(Sqlite.File);
        if (Postgres is not null) Postgres.ConnectionFile = absolute(Postgres.ConnectionFile);
    }

    /// <summary>The rules that the source breaks, a sentence each.</summary>
    /// <param name="key">The key of the dataset in the configuration.</param>
    public IEnumerable<string> Problems(string key)
    {
        var sources = Sources().ToList();
        if (sources.Count != 1)
        {
            yield return $"{key} has {(sources.Count == 0 ? "no source" : string.Join(" and ", sources))}; it must have exactly one of " +
                "Csv (a file, a folder or a pattern), Url, S3, Sqlite and Postgres, e.g. \"Csv\": \"heart.csv\".";
        }

        if (Url.Length > 0 && !(Uri.TryCreate(Url, UriKind.Absolute, out var url) && HttpFile.IsAllowed(url)))
            yield return $"{key}:Url must be an https address (http only on this machine, 127.0.0.1 or localhost), e.g. https://files.example/heart.csv.";
        foreach (var problem in S3?.Problems(key + ":S3") ?? []) yield return problem;
        if (Sqlite is not null && (Sqlite.File.Length == 0 || Sqlite.Table.Length == 0))
            yield return $"{key}:Sqlite needs both File, the database, and Table, the name of a table or view in it.";
        if (Postgres is not null)
        {
            if (Postgres.Connection.Length == 0 == (Postgres.ConnectionFile.Length == 0))
                yield return $"{key}:Postgres needs Connection, a connection string, or ConnectionFile, a file of mode 0600 that holds it: one of the two.";
            if (Postgres.Table.Length == 0) yield return $"{key}:Postgres:Table is not set; it must name a table or view, e.g. clinic.visits.";
        }

        if (Delimiter.Length > 1) yield return $"{key}:Delimiter is \"{Delimiter}\"; it must be one character, e.g. \";\", or absent.";
        if (TextEncoding.Find(Encoding) is null) yield return $"{key}:Encoding is \"{Encoding}\"; it must be {TextEncoding.Names}, or absent for utf-8.";
        if ((Sqlite is not null || Postgres is not null) && (Delimiter.Length > 0 || Encoding.Length > 0))
            yield return $"{key} has a Delimiter or an Encoding, which a database has not; take it out.";
    }

    private IEnumerable<string> Sources()
    {
        if (Csv.Length > 0) yield return nameof(Csv);
        if (Url.Length > 0) yield return nameof(Url);
        if (S3 is not null) yield return nameof(S3);
        if (Sqlite is not null) yield return nameof(Sqlite);
        if (Postgres is not null) yield return nameof(Postgres);
    }
}

/// <summary>CSV in an object of S3, or of a store that speaks as S3 does.</summary>
internal sealed class S3Options
{
    public string Bucket { get; set; } = "";

    public string Key { get; set; } = "";

    /// <summary>Address of a store that is not Amazon's.</summary>
    public string Endpoint { get; set; } = "";

    public string Region { get; set; } = "";

    public IEnumerable<string> Problems(string key)
    {
        if (Bucket.Length == 0 || Key.Length == 0) yield return $"{key} needs both Bucket and Key, the name of the object.";
        if (Endpoint.Length == 0 && Region.Length == 0)
            yield return $"{key} needs Region, e.g. eu-central-1, or for a store that is not Amazon's Endpoint, e.g. https://s3.example.";
        if (Endpoint.Length > 0 && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out var endpoint) && HttpFile.IsAllowed(endpoint)))
            yield return $"{key}:Endpoint must be an https address (http only on this machine), e.g. https://s3.example.";
    }
}

/// <summary>A table or view of a SQLite file.</summary>
internal sealed class SqliteOptions
{
    public string File { get; set; } = "";

    public string Table { get; set; } = "";
}

/// <summary>A table or view of PostgreSQL.</summary>
internal sealed class PostgresOptions
{
    /// <summary>The connection string; with a password in it better in <see cref="ConnectionFile"/>.</summary>
    public string Connection { get; set; } = "";

    /// <summary>A file of mode 0600 that holds the connection string.</summary>
    public string ConnectionFile { get; set; } = "";

    /// <summary>The table, or schema.table.</summary>
    public string Table { get; set; } = "";
}
