namespace SecureAggregation.Statistics.Internal;

/// <summary>Round ranges of what is often measured, wide enough for every living person: common knowledge, from no data.</summary>
internal static class PublicRanges
{
    private static readonly (double Low, double High, string Of, string[] Words)[] s_ranges =
    [
        (0, 90, "age in years", ["age", "alter", "edad", "idade", "leeftijd", "âge"]),
        (60, 260, "systolic blood pressure in mmHg", ["systolic", "sbp", "sysbp", "trestbps", "systolisch", "rrsys"]),
        (30, 160, "diastolic blood pressure in mmHg", ["diastolic", "dbp", "diabp", "diastolisch", "rrdia"]),
        (20, 250, "heart rate a minute", ["pulse", "heartrate", "thalach", "bpm", "puls", "herzfrequenz"]),
        (50, 700, "cholesterol in mg/dl (1 to 18 in mmol/l)", ["chol", "cholesterol", "cholesterin"]),
        (0, 600, "glucose in mg/dl (0 to 33 in mmol/l)", ["glucose", "glukose"]),
        (0, 300, "weight in kg", ["weight", "gewicht", "poids", "peso"]),
        (30, 230, "height in cm", ["height", "grösse", "taille", "talla", "lengte"]),
        (10, 80, "body mass index in kg/m²", ["bmi"]),
        (30, 44, "body temperature in °C", ["temperature", "temp", "temperatur", "température"]),
        (50, 100, "oxygen saturation in %", ["spo2", "saturation", "sättigung"]),
        (0, 25, "haemoglobin in g/dl", ["hemoglobin", "haemoglobin", "hb", "hämoglobin"]),
        (0, 20, "creatinine in mg/dl", ["creatinine", "kreatinin"]),
    ];

    /// <summary>The range that a name speaks of, or null.</summary>
    public static (double Low, double High, string Of)? Find(string name)
    {
        var words = IdentifierNames.Words(name);
        foreach (var (low, high, of, known) in s_ranges)
        {
            if (words.Any(known.Contains) || known.Contains(string.Concat(words))) return (low, high, of);
        }

        return null;
    }
}
