using System.Globalization;

namespace SecureAggregation.Statistics;

/// <summary>What a column holds.</summary>
public enum ColumnType
{
    /// <summary>Whole numbers.</summary>
    Integer = 1,

    /// <summary>Numbers with a fraction.</summary>
    Number = 2,

    /// <summary>One of declared labels.</summary>
    Category = 3,

    /// <summary>Calendar dates, as numbers of days (<see cref="DayNumber"/>).</summary>
    Date = 4,
}

/// <summary>
/// One column as everybody may know it. Bounds are declared by people, never taken from data: values outside count as the nearer bound.
/// </summary>
public sealed record SchemaColumn
{
    /// <summary>The longest name, label or unit, in characters.</summary>
    public const int MaxNameLength = 64;

    /// <summary>The greatest age in years that is told from greater ones (HIPAA Safe Harbor: "90 or older").</summary>
    public const double AgeTopCode = 89;

    /// <summary>The most labels of a category.</summary>
    public const int MaxCategories = 1000;

    /// <summary>A column without bounds or labels; set the rest as properties.</summary>
    public SchemaColumn(string name, ColumnType type)
    {
        Name = name;
        Type = type;
    }

    /// <summary>The name in queries; 1 to 64 characters, unique in the dataset.</summary>
    public string Name { get; init; }

    /// <summary>What it holds.</summary>
    public ColumnType Type { get; init; }

    /// <summary>The unit, e.g. "mmHg"; empty for none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>One line for people; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>The lower bound, in the column's unit; of dates a <see cref="DayNumber"/>.</summary>
    public double? Low { get; init; }

    /// <summary>The upper bound, in the column's unit; of dates a <see cref="DayNumber"/>.</summary>
    public double? High { get; init; }

    /// <summary>The step of the values, e.g. 0.1, if they have one: sums on that grid are exact.</summary>
    public double? Resolution { get; init; }

    /// <summary>Values above this and one more count as this and one more (89: the ages from 90 on are all 90); null if none do.</summary>
    public double? TopCode { get; init; }

    /// <summary>The step of the values: the declared resolution, else 1 of whole numbers and dates (a day), else null.</summary>
    public double? Step => Resolution ?? (Type is ColumnType.Integer or ColumnType.Date ? 1 : null);

    /// <summary>The labels of a category, in display order.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Whether the values are numbers; dates are, of days.</summary>
    public bool IsNumeric => Type is ColumnType.Integer or ColumnType.Number or ColumnType.Date;

    /// <summary>The index of a label in <see cref="Categories"/>, or −1.</summary>
    public int IndexOf(string label)
    {
        for (var i = 0; i < Categories.Count; i++)
        {
            if (Categories[i] == label) return i;
        }

        return -1;
    }

    /// <summary>Checks the rules of a column.</summary>
    /// <exception cref="AnalysisException">A rule is broken.</exception>
    public void Validate()
    {
        RequireName(Name, "A column name");
        RequireText(Unit, $"The unit of column '{Name}'", MaxNameLength);
        RequireText(Description, $"The description of column '{Name}'", 1000);
        if (!Enum.IsDefined(Type)) throw new AnalysisException($"Column '{Name}' has an unknown type; use integer, number, category or date.");
        if (Type == ColumnType.Category)
        {
            if (Low is not null || High is not null || Resolution is not null || TopCode is not null)
            {
                throw new AnalysisException(
                    $"Column '{Name}' is a category and has no bounds, resolution or top code; remove them, or declare it a number.");
            }

            if (Categories.Count is 0 or > MaxCategories)
            {
                throw new AnalysisException($"Column '{Name}' has {Categories.Count} categories; list 1 to {MaxCategories} labels.");
            }

            foreach (var label in Categories) RequireName(label, $"A category of column '{Name}'");
            if (Categories.GroupBy(c => c).FirstOrDefault(g => g.Count() > 1) is { } twice)
            {
                throw new AnalysisException($"Column '{Name}' lists the category '{twice.Key}' twice; each label stands once.");
            }

            return;
        }

        if (Categories.Count > 0)
        {
            throw new AnalysisException($"Column '{Name}' holds numbers and has no categories; declare it a category, or remove them.");
        }

        RequireNumber(Low, "low");
        RequireNumber(High, "high");
        RequireNumber(Resolution, "resolution");
        RequireNumber(TopCode, "top_code");
        if (Low is null != High is null)
        {
            throw new AnalysisException($"Column '{Name}' has only one bound; give both low and high, or none.");
        }

        if (Low >= High)
        {
            throw new AnalysisException($"Column '{Name}' has low {Show(Low)} and high {Show(High)}; low must be below high. Are they reversed?");
        }

        if (Resolution <= 0)
        {
            throw new AnalysisException($"Column '{Name}' has resolution {Resolution}; it must be greater than 0, e.g. 0.1.");
        }

        if (Type == ColumnType.Date) ValidateDate();
        if (Type == ColumnType.Integer && (!IsWhole(Low) || !IsWhole(High) || !IsWhole(Resolution) || !IsWhole(TopCode)))
        {
            throw new AnalysisException(
                $"Column '{Name}' holds whole numbers; its bounds, resolution and top code must be whole too, or its type number.");
        }

        if (High > TopCode + 1)
        {
            throw new AnalysisException(
                string.Create(Culture, $"Column '{Name}' has high {High}, but values above its top_code {TopCode} count as {TopCode + 1}; write high: {TopCode + 1}, or less."));
        }
    }

    private void ValidateDate()
    {
        if (Resolution is not null || Unit.Length > 0 || TopCode is not null)
        {
            throw new AnalysisException($"Column '{Name}' holds dates, whose unit and resolution are the day; remove unit, resolution and top_code.");
        }

        if (!IsWhole(Low) || !IsWhole(High) || Low < DayNumber.Least || High > DayNumber.Most)
        {
            throw new AnalysisException($"Column '{Name}' holds dates; its bounds must be whole days between 0001-01-01 and 9999-12-31.");
        }
    }

    internal static void RequireName(string? name, string what)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > MaxNameLength || name != name.Trim() || name.Any(char.IsControl))
        {
            throw new AnalysisException(
                $"{what} must have 1 to {MaxNameLength} characters, no control characters and no space at its ends.");
        }
    }

    internal static void RequireText(string? text, string what, int maxLength)
    {
        if (text is null || text.Length > maxLength || text.Any(char.IsControl))
        {
            throw new AnalysisException($"{what} may have at most {maxLength} characters and no control characters.");
        }
    }

    internal static CultureInfo Culture => CultureInfo.InvariantCulture;

    private string Show(double? value) => Type == ColumnType.Date && value is >= DayNumber.Least and <= DayNumber.Most
        ? DayNumber.Text(value.Value)
        : string.Create(CultureInfo.InvariantCulture, $"{value}");

    private static bool IsWhole(double? value) => value is not { } v || Math.Floor(v) == v;

    private void RequireNumber(double? value, string what)
    {
        // 2^53: beyond, neighbouring whole numbers are the same double. Negative zero has two encodings.
        if (value is { } v && (!double.IsFinite(v) || Math.Abs(v) > 9007199254740992 || (v == 0 && double.IsNegative(v))))
        {
            throw new AnalysisException($"Column '{Name}' has {what} {v}; it must be an ordinary number between -2^53 and 2^53.");
        }
    }
}
