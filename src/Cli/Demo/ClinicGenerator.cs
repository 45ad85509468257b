using System.Globalization;
using System.Text;

namespace SecureAggregation.Cli.Demo;

/// <summary>
/// Made-up patients of one clinic, the same for one seed. The rows have what real exports have: several visits of a person, letters in mixed
/// case, blanks around codes, and four ways of writing that a value is missing (nothing, <c>?</c>, <c>-9</c>, and 0 for a blood pressure).
/// </summary>
internal sealed class ClinicGenerator(ulong seed, int clinic)
{
    public const string Header = "citizen_id,full_name,visit_date,sex,age,systolic,glucose,diagnosis,smoker";

    private static readonly string[] s_given = ["Ada", "Bao", "Chidi", "Dara", "Elif", "Femi", "Greta", "Hana", "Ines", "Jonas", "Kofi", "Lena", "Mira", "Nils", "Oona", "Pavel", "Rosa", "Sami", "Tove", "Yuna"];
    private static readonly string[] s_family = ["Abe", "Brandt", "Costa", "Dahl", "Eriksen", "Farouk", "Gupta", "Huang", "Ito", "Jansen", "Kaya", "Lund", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "O'Neil", "van der Berg"];

    private readonly SeededDraw _draw = new(seed, (uint)clinic);

    /// <summary>The visits of all patients of the clinic, in the order of their dates.</summary>
    public List<Visit> Visits()
    {
        var visits = new List<Visit>();
        // Clinics differ in size and in whom they see.
        var persons = _draw.Between(1800, 4200);
        var meanAge = _draw.Between(44, 58);
        for (var person = 0; person < persons; person++) visits.AddRange(VisitsOf(person, meanAge));
        return [.. visits.OrderBy(v => v.Date).ThenBy(v => v.CitizenId, StringComparer.Ordinal)];
    }

    /// <summary>The clinic's file: what it knows, written the way its clerks write it.</summary>
    public string Csv(IEnumerable<Visit> visits)
    {
        var text = new StringBuilder(Header).Append('\n');
        foreach (var visit in visits)
        {
            text.Append(visit.CitizenId).Append(',')
                .Append(visit.FullName.Contains(' ', StringComparison.Ordinal) && _draw.PerMille(100) ? Reversed(visit.FullName) : visit.FullName).Append(',')
                .Append(visit.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Append(',')
                .Append(Sex(visit.Sex)).Append(',')
                .Append(visit.Age?.ToString(CultureInfo.InvariantCulture) ?? _draw.Of("", "?", "-9")).Append(',')
                .Append(visit.Systolic?.ToString(CultureInfo.InvariantCulture) ?? _draw.Of("", "0", "-9")).Append(',')
                .Append(visit.Glucose?.ToString("0.0", CultureInfo.InvariantCulture) ?? _draw.Of("", "?", "-9")).Append(',')
                .Append(Code(visit.Diagnosis)).Append(',')
                .Append(visit.Smoker is { } smoker ? Case(smoker ? "yes" : "no") : _draw.Of("", "?"))
                .Append('\n');
        }

        return text.ToString();
    }

    private IEnumerable<Visit> VisitsOf(int person, int meanAge)
    {
        var id = $"C{clinic + 1}-{_draw.Between(1000, 9999)}-{person:D5}";
        var name = $"{_draw.Of(s_given)} {_draw.Of(s_family)}";
        // What a clinic knows of a person does not change from visit to visit: a birth year that is missing is missing in all rows.
        var sex = _draw.PerMille(12) ? null : _draw.Of("F", "M");
        var age = _draw.PerMille(20) ? null : (int?)Math.Clamp((int)_draw.Normal(meanAge, 16), 18, 97);
        var smoker = _draw.PerMille(50) ? null : (bool?)_draw.PerMille(230);
        var diagnosis = _draw.PerMille(15) ? null : _draw.Of("I10", "E11", "J45", "N18", "none", "none");
        var count = _draw.PerMille(220) ? _draw.Between(2, 3) : 1;
        var day = new DateOnly(2031, 1, 1).AddDays(_draw.Below(300));
        for (var visit = 0; visit < count; visit++)
        {
            var pressure = 96 + (0.55 * (age ?? meanAge)) + (diagnosis == "I10" ? 14 : 0);
            var sugar = diagnosis == "E11" ? 8.1 : 5.3;
            yield return new Visit(
                id,
                name,
                day.AddDays(visit * _draw.Between(1, 30)),
                sex,
                age,
                _draw.PerMille(40) ? null : Math.Clamp((int)_draw.Normal(pressure, 13), 80, 230),
                _draw.PerMille(60) ? null : Math.Round(Math.Clamp(_draw.Normal(sugar, 0.9), 2.5, 24), 1),
                diagnosis,
                smoker);
        }
    }

    private string Sex(string? sex) => sex switch
    {
        null => _draw.Of("", "?"),
        _ when _draw.PerMille(80) => sex.ToLowerInvariant(),
        _ when _draw.PerMille(30) => $" {sex}",
        _ when _draw.PerMille(60) => sex == "F" ? "female" : "Male",
        _ => sex,
    };

    private string Code(string? code) => code is null ? _draw.Of("", "?") : _draw.PerMille(70) ? $"{code.ToLowerInvariant()} " : code;

    private string Case(string text) => _draw.Below(8) switch
    {
        0 => text.ToUpperInvariant(),
        1 => char.ToUpperInvariant(text[0]) + text[1..],
        _ => text,
    };

    private static string Reversed(string name)
    {
        var at = name.IndexOf(' ', StringComparison.Ordinal);
        return $"\"{name[(at + 1)..]}, {name[..at]}\"";
    }
}
