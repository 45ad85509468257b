namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Ages over 89 point at a person; the HIPAA Safe Harbor rule (45 CFR 164.514(b)(2)(i)(C)) has them counted as one class of 90 or older.
/// A number column is an age if its name says so (in a unit of time, or none), or if it is declared to be one.
/// </summary>
internal static class AgeRule
{
    private const double DaysPerYear = 365.25;

    private static readonly HashSet<string> s_names =
        ["age", "ages", "alter", "lebensalter", "âge", "edad", "idade", "età", "leeftijd", "alder", "ålder", "wiek", "ikä"];

    /// <summary>How many of a unit make a year.</summary>
    private static readonly Dictionary<string, double> s_perYear = new(StringComparer.OrdinalIgnoreCase);

    static AgeRule()
    {
        Add(1, "", "a", "y", "yr", "yrs", "year", "years", "jahr", "jahre", "an", "ans", "année", "années", "año", "años", "anno", "anni", "ano", "anos", "jaar", "jaren", "år");
        Add(12, "mo", "month", "months", "monat", "monate", "mois", "mes", "meses", "mese", "mesi", "maand", "maanden");
        Add(DaysPerYear / 7, "w", "wk", "week", "weeks", "woche", "wochen", "semaine", "semaines", "semana", "semanas", "weken");
        Add(DaysPerYear, "d", "day", "days", "tag", "tage", "jour", "jours", "día", "días", "dia", "dias", "dag", "dagen");

        static void Add(double perYear, params ReadOnlySpan<string> units)
        {
            foreach (var unit in units) s_perYear.Add(unit, perYear);
        }
    }

    /// <summary>The greatest value of an age column that may be told from greater ones; null if the column is no age.</summary>
    /// <param name="column">With its name, type and unit.</param>
    /// <param name="header">Its header in the file.</param>
    /// <param name="declared">What the schema says, if it does.</param>
    /// <exception cref="AnalysisException">It is declared an age, but has no unit of time, or is no number.</exception>
    public static double? TopCode(SchemaColumn column, string header, bool? declared)
    {
        var isNumber = column.Type is ColumnType.Integer or ColumnType.Number;
        var perYear = s_perYear.GetValueOrDefault(column.Unit.Trim());
        if (declared == true && (!isNumber || perYear == 0))
        {
            throw new AnalysisException(
                $"Column '{column.Name}' is declared an age, but is {(isNumber ? $"in '{column.Unit}'" : "no number")}; an age is a number of years, months, weeks or days.");
        }

        var isAge = declared ?? (isNumber && perYear > 0 && (HasName(column.Name) || HasName(header)));
        return !isAge ? null : perYear == 1 ? SchemaColumn.AgeTopCode : Math.Floor((SchemaColumn.AgeTopCode + 1) * perYear) - 1;
    }

    private static bool HasName(string name) => IdentifierNames.Words(name).Any(s_names.Contains);
}
