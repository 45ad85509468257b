using System.Globalization;
using System.Text;
using SecureAggregation.Cli.Demo;
using SecureAggregation.Testing;

namespace SecureAggregation.Browser.Real;

/// <summary>Five small clinics whose rows carry what must be found nowhere outside of them.</summary>
internal static class CanaryClinics
{
    private const int Rows = 400;
    private const string Marker = "73313.37";
    private static readonly string[] s_names = ["Mars", "Titan", "Europa", "Ganymede", "Callisto"];

    /// <summary>Ids and names of persons, the note that is never read, and one row's value of a column that is asked for.</summary>
    public static IReadOnlyList<string> Canaries { get; } = ["CANARY-", "Zebulon", "Quatermass", "pemphigoid", Marker];

    public static DemoPlan Make(string folder)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "rows")).FullName;
        var schema = Path.Combine(data, "schema.yaml");
        File.WriteAllText(schema, """
            name: patients
            description: Made patients of five clinics
            columns:
              citizen_id: person_key
              full_name: drop
              note: drop
              age: { type: integer, low: 0, high: 90, unit: years, top_code: 89 }
              sex: { type: category, categories: [F, M] }
              systolic: { type: integer, low: 60, high: 260, unit: mmHg }
              followed: { type: integer, low: 0, high: 120, unit: months }
              died: { type: category, categories: ["no", "yes"] }
              invoice: { type: number, low: 0, high: 100000, resolution: 0.01, unit: EUR }
            """);
        return new DemoPlan("Outer Clinics", "patients", schema, [.. s_names.Select((name, i) => new DemoClinic(name, Write(data, name, i)))], []);
    }

    private static string Write(string folder, string name, int index)
    {
        var random = new SeededRandom(61 + (ulong)index);
        var text = new StringBuilder("citizen_id,full_name,note,age,sex,systolic,followed,died,invoice\n");
        for (var i = 0; i < Rows; i++)
        {
            var age = 30 + random.Next(55);
            var invoice = i == 7 ? Marker : (20 * random.Next(40)).ToString(CultureInfo.InvariantCulture);
            text.Append(CultureInfo.InvariantCulture, $"CANARY-{name}-{i:D4},Zebulon {name} Quatermass,pemphigoid {i},{age},{(random.Next(2) == 0 ? 'F' : 'M')},{95 + (age / 2) + random.Next(30)},{random.Next(120)},{(random.Next(100) < age ? "yes" : "no")},{invoice}\n");
        }

        var path = Path.Combine(folder, name.ToLowerInvariant() + ".csv");
        File.WriteAllText(path, text.ToString());
        return path;
    }
}
