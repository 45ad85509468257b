using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Catalogue;

/// <summary>Adds a dataset to a configuration file, with a schema to complete by hand. It overwrites nothing that is there.</summary>
internal static class Registration
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    /// <returns>What was done, and what is left for a person.</returns>
    /// <exception cref="ConfigurationException">The configuration cannot be changed, or something is there already.</exception>
    /// <exception cref="DataSourceException">The data or the schema cannot be read.</exception>
    public static string Add(DatasetDeskOptions options)
    {
        if (SchemaProposal.NameOf(options.Name) != options.Name || options.Name.Length > SchemaColumn.MaxNameLength)
            throw new ConfigurationException($"'{options.Name}' is no name for a dataset; use at most {SchemaColumn.MaxNameLength} letters, digits, _ and -.");
        var config = Path.GetFullPath(options.ConfigFile);
        var (document, datasets) = Read(config);
        if (datasets.ContainsKey(options.Name))
            throw new ConfigurationException($"{config} has a dataset '{options.Name}' already; choose another name, or change it there by hand.");
        var folder = Path.GetDirectoryName(config)!;
        var schemaPath = options.Schema.Length > 0 ? Path.GetFullPath(options.Schema) : Path.Combine(folder, options.Name + ".yaml");
        var dataset = new DatasetOptions { Csv = Path.GetFullPath(options.Csv), Schema = schemaPath };
        string said;
        if (options.Schema.Length > 0 && File.Exists(schemaPath))
        {
            Dataset.Open(options.Name, dataset).CheckHeader();
            said = $"{schemaPath} is its schema and fits its header.";
        }
        else
        {
            var yaml = SchemaInference.Infer(DataSources.From(options.Name, dataset), options.Name);
            Create(schemaPath, yaml + "\n");
            said = $"{schemaPath} was written: complete it by hand (whose a row is, bounds, units, owner), the outpost does not start before.";
        }

        datasets[options.Name] = new JsonObject { ["Csv"] = Relative(folder, dataset.Csv), ["Schema"] = Relative(folder, schemaPath) };
        Write(config, document.ToJsonString(s_json) + "\n");
        return string.Join(
            Environment.NewLine,
            said,
            $"{config} names the dataset '{options.Name}'. Rules for it are missing until the policy has them, under 'datasets:'.",
            $"Then: secagg-outpost dataset check {options.Name} --config {options.ConfigFile}");
    }

    private static (JsonObject Document, JsonObject Datasets) Read(string config)
    {
        JsonNode? document;
        try
        {
            document = File.Exists(config) ? JsonNode.Parse(File.ReadAllText(config), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) : new JsonObject();
        }
        catch (JsonException e)
        {
            // Also where there are comments: a program that writes the file would lose them.
            throw new ConfigurationException(
                $"'{config}', line {e.LineNumber + 1}: this is not plain JSON (comments are not, either); correct it, or add the dataset by hand, see docs/outpost.md.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"'{config}' cannot be read; check its mode and owner.");
        }

        return document is JsonObject top && Child(top, OutpostOptions.Section) is { } outpost && Child(outpost, nameof(OutpostOptions.Datasets)) is { } datasets
            ? (top, datasets)
            : throw new ConfigurationException($"'{config}' must be an object with an object \"{OutpostOptions.Section}\" and in it an object \"Datasets\".");
    }

    private static JsonObject? Child(JsonObject parent, string name)
    {
        if (!parent.ContainsKey(name)) parent[name] = new JsonObject();
        return parent[name] as JsonObject;
    }

    private static void Create(string path, string text)
    {
        try
        {
            using var writer = new StreamWriter(new FileStream(path, FileMode.CreateNew, FileAccess.Write));
            writer.Write(text);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new ConfigurationException($"'{path}' exists already; to use it as the schema, say --schema '{path}'.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"'{path}' cannot be written; check the folder's mode and owner, and the disk.");
        }
    }

    /// <summary>Whole or not at all, with the mode that the file had.</summary>
    private static void Write(string config, string text)
    {
        var next = config + ".new";
        try
        {
            File.WriteAllText(next, text);
            if (!OperatingSystem.IsWindows() && File.Exists(config)) File.SetUnixFileMode(next, File.GetUnixFileMode(config));
            File.Move(next, config, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"'{config}' cannot be written; check its folder's mode and owner, and the disk.");
        }
    }

    /// <summary>As it reads best: short where the file lies beside or below the configuration.</summary>
    private static string Relative(string folder, string path) =>
        Path.GetRelativePath(folder, path) is var relative && !relative.StartsWith("..", StringComparison.Ordinal) ? relative : path;
}
