using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Demo;

/// <summary>
/// What the made rows really give, for each number that a query releases: a few lines over the visits as they were generated, which share
/// nothing with the code that encodes rows and decodes totals.
/// </summary>
internal static class MadeTruth
{
    /// <summary>The truth of a released number, over the visits of the outposts that are in the total.</summary>
    /// <param name="visits">The visits that the query counts: filtered, and at most so many of a person.</param>
    /// <param name="groupedBy">The column that the query groups by, or null.</param>
    /// <param name="statistic">Which number.</param>
    public static double Of(IEnumerable<Visit> visits, string? groupedBy, ReleasedStatistic statistic)
    {
        // Without a group a grouped number is of all groups together: rows whose group is not known are in none.
        var rows = visits.Where(v => groupedBy is null || Text(v, groupedBy) is not null).ToList();
        if (statistic.Group.Split('=') is [var column, var key]) rows.RemoveAll(v => Text(v, column) != key);
        if (statistic.Kind == MeasureKind.Count && statistic.Column.Length == 0) return rows.Count;
        var values = rows.Select(v => Number(v, statistic.Column)).OfType<double>().ToList();
        return statistic.Kind switch
        {
            MeasureKind.Count => values.Count,
            MeasureKind.Sum => values.Sum(),
            MeasureKind.Mean => values.Average(),
            MeasureKind.Variance => Variance(values),
            MeasureKind.Histogram when statistic.Bin == "[outside]" => values.Count(v => v is < 10 or > 100),
            MeasureKind.Histogram => values.Count(v => Bins.Holds(statistic.Bin, v, 100)),
            _ => throw new ArgumentOutOfRangeException(nameof(statistic), statistic.Kind, "The demo asks for no such statistic."),
        };
    }

    /// <summary>The first so many visits of each person. For what does not change between visits, any choice gives the same.</summary>
    public static IEnumerable<Visit> PerPerson(IEnumerable<Visit> visits, int most) => visits.GroupBy(v => v.CitizenId).SelectMany(person => person.Take(most));

    private static double Variance(List<double> values)
    {
        var mean = values.Average();
        return values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1);
    }

    private static string? Text(Visit visit, string column) => column switch
    {
        "sex" => visit.Sex,
        "smoker" => visit.Smoker is { } smoker ? smoker ? "yes" : "no" : null,
        "diagnosis" => visit.Diagnosis,
        _ => throw new ArgumentOutOfRangeException(nameof(column), column, "The demo groups by no such column."),
    };

    private static double? Number(Visit visit, string column) => column switch
    {
        // The schema's top code: everybody of 90 or more is 90.
        "age" => visit.Age is { } age ? Math.Min(age, 90) : null,
        "systolic" => visit.Systolic,
        "glucose" => visit.Glucose,
        _ => throw new ArgumentOutOfRangeException(nameof(column), column, "The demo measures no such column."),
    };
}
