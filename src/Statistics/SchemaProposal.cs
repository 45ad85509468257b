using System.Globalization;
using System.Text;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>
/// A schema to begin with, from a look at the data; a person completes it. It holds what tells nothing about patients: types, codes for "missing",
/// labels that enough rows bear, forms of dates. Bounds are never taken from data, because a bound that is the oldest patient's age is that
/// patient's age: where a name is common knowledge a round range is proposed beside it, elsewhere they are left open. Columns that may
/// identify a person are dropped.
/// </summary>
public sealed class SchemaProposal
{
    /// <summary>Fewest rows that must bear a label for it to be listed.</summary>
    public const int MinRowsOfLabel = 10;

    private const int MostCategories = 20;
    private const int MostCodes = 10;

    private readonly string _name;
    private readonly (string Header, string? Class, ColumnSketch Sketch)[] _columns;

    /// <summary>A proposal for a table with these headers.</summary>
    public SchemaProposal(string name, IReadOnlyList<string> header)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(header);
        _name = name;
        _columns = [.. header.Select(h => (h, IdentifierNames.Flags(h), new ColumnSketch()))];
    }

    /// <summary>A name for a dataset made of another text: letters, digits, _ and -.</summary>
    public static string NameOf(string text) =>
        string.Concat((text ?? throw new ArgumentNullException(nameof(text))).Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_'));

    /// <summary>Whether a column is looked at: not if its name says that it identifies persons.</summary>
    public bool Looks(int column) => _columns[column].Class is null;

    /// <summary>Looks at a field.</summary>
    public void See(int column, ReadOnlySpan<char> field)
    {
        if (Looks(column)) _columns[column].Sketch.See(field);
    }

    /// <summary>The schema as YAML, with what a person must decide as comments.</summary>
    public string Write()
    {
        var yaml = new StringBuilder()
            .Append("# yaml-language-server: $schema=schema.schema.json\n")
            .Append("# A schema to begin with. A person must complete it: the outpost publishes it to the consortium.\n")
            .Append($"name: {YamlText.Quote(_name)}\n")
            .Append("description: \"\"\n")
            .Append("owner: \"\"                    # who answers for the data\n")
            .Append("access: members              # open, members or approval\n")
            .Append("# Whose is a row? Either take the # away from the next line, or give one column the role person_key.\n")
            .Append("# one_row_per_person: true\n")
            .Append("# Bounds are not in the data: the largest age in a file is somebody's age. Set them from what is known of such patients; where a\n")
            .Append("# round range is proposed, check it against your unit and take the # away. Units are for you to add (unit: mmHg).\n")
            .Append("columns:\n");
        foreach (var column in _columns) Write(yaml, column.Header, column.Class, column.Sketch);
        return yaml.ToString().TrimEnd('\n');
    }

    private static void Write(StringBuilder yaml, string header, string? identifier, ColumnSketch sketch)
    {
        yaml.Append("  ").Append(YamlText.Quote(header)).Append(':');
        if (identifier is not null) yaml.Append($" drop  # {identifier}; or person_key, if it tells whose row it is\n");
        else if (sketch.DateForm is { } form) WriteDate(yaml, form, sketch.IsDateFormOpen);
        else if (sketch.Finding is { } finding) yaml.Append($" drop  # {finding.Class}: {finding.Reason}; or person_key, if it tells whose row it is\n");
        else if (sketch.Count == 0) yaml.Append(" drop  # no values in this data\n");
        else if (sketch.HasText) WriteCategory(yaml, sketch);
        else WriteNumber(yaml, header, sketch);
    }

    private static void WriteDate(StringBuilder yaml, string form, bool open) => yaml.Append(
        $" drop  # dates; to use them for ages and times: {{ type: date, format: {YamlText.Quote(form)}, low: …, high: … }}"
        + (open ? " (day and month may be the other way round)\n" : "\n"));

    private static void WriteCategory(StringBuilder yaml, ColumnSketch sketch)
    {
        var labels = sketch.Labels;
        if (labels.Count is 0 or > MostCategories)
        {
            yaml.Append($" drop  # text with more than {MostCategories} different values\n");
            return;
        }

        if (labels.Values.Any(c => c < MinRowsOfLabel))
        {
            yaml.Append($" drop  # text of which some value occurs in fewer than {MinRowsOfLabel} rows; list the categories from what is known, not from data\n");
            return;
        }

        yaml.Append($"\n    type: category\n    categories: [{string.Join(", ", labels.Keys.Order(StringComparer.Ordinal).Select(YamlText.Quote))}]  # confirm: everybody will see them\n");
        WriteMissing(yaml, sketch);
    }

    private static void WriteNumber(StringBuilder yaml, string header, ColumnSketch sketch)
    {
        yaml.Append($"\n    type: {(sketch.HasFractions ? "number" : "integer")}\n");
        if (PublicRanges.Find(header) is { } range)
            yaml.Append(CultureInfo.InvariantCulture, $"    # low: {range.Low}\n    # high: {range.High}  # a round range: {range.Of}\n");
        else
            yaml.Append("    # low and high are left open: by its name nothing is known of it; without them it can be counted and binned, not summed\n");
        WriteMissing(yaml, sketch);
        if (sketch.HasZero && !sketch.HasNegatives && sketch.Labels.Count == 0) yaml.Append("    # 0 occurs; if it stands for \"not measured\", add it to missing\n");
        var codes = sketch.Labels;
        if (codes.Count is > 1 and <= MostCodes && !sketch.HasFractions && codes.Values.All(c => c >= MinRowsOfLabel))
        {
            yaml.Append($"    # if these are codes: type: category, codes: {{ {string.Join(", ", codes.Keys.Order(StringComparer.Ordinal).Select(c => $"{YamlText.Quote(c)}: …"))} }}\n");
        }
    }

    private static void WriteMissing(StringBuilder yaml, ColumnSketch sketch)
    {
        var codes = sketch.MissingCodes;
        if (codes.Count > 0) yaml.Append($"    missing: [{string.Join(", ", codes.Select(c => $"\"{c}\""))}]  # confirm\n");
    }
}
