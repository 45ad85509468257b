using System.Globalization;
using System.Text;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>
/// A schema to begin with, from a look at the data. What it writes is for the operator's eyes: everything that would tell something
/// about patients (bounds, the row rule) is a comment that a person must confirm, because a bound that is the oldest patient's age is
/// that patient's age. Labels are listed only where enough rows bear each of them.
/// </summary>
internal static class SchemaInference
{
    /// <summary>Fewest rows that must bear a label for it to be listed.</summary>
    public const int MinRowsOfLabel = 10;

    private const int MostLabels = 20;

    private static readonly string[] s_missing =
        ["?", "NA", "N/A", "na", "n/a", "NULL", "null", "None", "none", "NaN", "nan", ".", "-", "unknown"];
    private static readonly double[] s_sentinels = [-1, -9, -99, -999, -9999];

    /// <summary>Reads the file and writes the schema.</summary>
    /// <exception cref="DataSourceException">The file is not a CSV file that an outpost reads.</exception>
    public static string Infer(string path)
    {
        using var table = CsvTable.Open(path);
        var columns = table.Header.Select(h => new Column(h)).ToList();
        while (table.Read())
        {
            for (var i = 0; i < columns.Count; i++)
            {
                if (columns[i].IdentifierClass is null) columns[i].See(table.Field(i));
            }
        }

        var name = new string([.. Path.GetFileNameWithoutExtension(path).Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'
            ? c
            : '_')]);
        var yaml = new StringBuilder()
            .Append("# A schema to begin with. A person must complete it: the outpost publishes it to the consortium.\n")
            .Append($"name: {YamlText.Quote(name)}\n")
            .Append("description: \"\"\n")
            .Append("# Whose is a row? Either take the # away from the next line, or give one column the role person_key.\n")
            .Append("# one_row_per_person: true\n")
            .Append("# Bounds are suggested from the data, rounded outward. Set them from what is known of such patients, not from " +
                "these.\n")
            .Append("columns:\n");
        foreach (var column in columns) column.Write(yaml);
        return yaml.ToString().TrimEnd('\n');
    }

    private sealed class Column(string header)
    {
        private readonly Dictionary<string, long> _labels = new(StringComparer.Ordinal);
        private readonly HashSet<string> _missing = new(StringComparer.Ordinal);
        private readonly HashSet<double> _sentinels = [];
        private double _least = double.PositiveInfinity;
        private double _most = double.NegativeInfinity;
        private bool _fractions;
        private bool _text;

        /// <summary>The class of identifiers that the name belongs to, or null. Such a column is not looked at.</summary>
        public string? IdentifierClass { get; } = IdentifierNames.Flags(header);

        public void See(ReadOnlySpan<char> field)
        {
            if (field.IsEmpty) return;
            foreach (var code in s_missing)
            {
                if (!field.Equals(code, StringComparison.Ordinal)) continue;
                _missing.Add(code);
                return;
            }

            Count(field);
            if (!double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            {
                _text = true;
                return;
            }

            if (s_sentinels.Contains(number))
            {
                _sentinels.Add(number);
                return;
            }

            _fractions |= Math.Floor(number) != number;
            _least = Math.Min(_least, number);
            _most = Math.Max(_most, number);
        }

        public void Write(StringBuilder yaml)
        {
            yaml.Append("  ").Append(YamlText.Quote(header)).Append(':');
            if (IdentifierClass is not null) yaml.Append($" drop  # {IdentifierClass}; or person_key, if it tells whose row it is\n");
            else if (_text) WriteCategory(yaml);
            else if (_least > _most) yaml.Append(" drop  # no values in this file\n");
            else WriteNumber(yaml);
        }

        private void Count(ReadOnlySpan<char> field)
        {
            var labels = _labels.GetAlternateLookup<ReadOnlySpan<char>>();
            if (labels.TryGetValue(field, out var count)) labels[field] = count + 1;
            else if (_labels.Count <= MostLabels) labels[field] = 1;
        }

        private void WriteCategory(StringBuilder yaml)
        {
            if (_labels.Count > MostLabels)
            {
                yaml.Append($" drop  # text with more than {MostLabels} different values\n");
                return;
            }

            if (_labels.Values.Any(c => c < MinRowsOfLabel))
            {
                yaml.Append($" drop  # text of which some value occurs in fewer than {MinRowsOfLabel} rows; list the categories from " +
                    "what is known, not from data\n");
                return;
            }

            yaml.Append($"\n    type: category\n    categories: " +
                $"[{string.Join(", ", _labels.Keys.Order(StringComparer.Ordinal).Select(YamlText.Quote))}]  # confirm: everybody will " +
                    "see them\n");
            WriteMissing(yaml, []);
        }

        private void WriteNumber(StringBuilder yaml)
        {
            // A sentinel among values that can be negative anyway is a value.
            var sentinels = _least >= 0 ? _sentinels.Order().ToList() : [];
            yaml.Append($"\n    type: {(_fractions ? "number" : "integer")}\n");
            if (_least >= 0 || _sentinels.Count == 0)
                yaml.Append(CultureInfo.InvariantCulture, $"    # low: {Outward(_least, up: false)}\n    # high: " +
                    $"{Outward(_most, up: true)}\n");
            WriteMissing(yaml, sentinels);
            if (_least == 0) yaml.Append("    # 0 occurs; if it stands for \"not measured\", add it to missing\n");
        }

        private void WriteMissing(StringBuilder yaml, List<double> sentinels)
        {
            var codes = _missing.Order(StringComparer.Ordinal).Concat(sentinels.Select(s => s.ToString(CultureInfo.InvariantCulture)))
                .ToList();
            if (codes.Count > 0) yaml.Append($"    missing: [{string.Join(", ", codes.Select(c => $"\"{c}\""))}]  # confirm\n");
        }

        /// <summary>One significant digit, away from the data: enough for a suggestion, and nobody's own value.</summary>
        private static double Outward(double value, bool up)
        {
            if (value == 0) return 0;
            var unit = Math.Pow(10, Math.Floor(Math.Log10(Math.Abs(value))));
            return Math.Round((up ? Math.Ceiling(value / unit) : Math.Floor(value / unit)) * unit, 12);
        }
    }
}
