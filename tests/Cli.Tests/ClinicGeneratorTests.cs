using SecureAggregation.Cli.Demo;

namespace SecureAggregation.Cli.Tests;

public class ClinicGeneratorTests
{
    [Fact]
    public void Same_seed_gives_the_same_file_and_another_seed_another()
    {
        Assert.Equal(File(7, 0), File(7, 0));
        Assert.NotEqual(File(7, 0), File(8, 0));
        Assert.NotEqual(File(7, 0), File(7, 1));
    }

    [Fact]
    public void Clinic_has_some_thousand_rows_with_every_oddity()
    {
        var lines = File(1, 2).TrimEnd('\n').Split('\n');
        var rows = lines.Skip(1).Select(l => l.Split(',')).ToList();
        // A name in quotes holds a comma; every other field stands from the end.
        string[] Column(int fromEnd) => [.. rows.Select(r => r[^fromEnd])];

        Assert.Equal(ClinicGenerator.Header, lines[0]);
        Assert.InRange(rows.Count, 1800, 12000);
        Assert.Contains("f", Column(6));
        Assert.Contains(" F", Column(6));
        Assert.Contains("female", Column(6));
        Assert.Contains("", Column(6));
        Assert.Contains("?", Column(6));
        Assert.Contains("-9", Column(5));
        Assert.Contains("?", Column(5));
        Assert.Contains("0", Column(4));
        Assert.Contains("i10 ", Column(2));
        Assert.Contains("YES", Column(1));
        Assert.Contains(rows.GroupBy(r => r[0]), person => person.Count() > 1);
    }

    [Fact]
    public void Person_keeps_what_does_not_change_between_visits()
    {
        foreach (var person in new ClinicGenerator(3, 0).Visits().GroupBy(v => v.CitizenId))
        {
            Assert.Single(person.Select(v => (v.FullName, v.Sex, v.Age, v.Diagnosis, v.Smoker)).Distinct());
            Assert.InRange(person.Count(), 1, 3);
        }
    }

    private static string File(ulong seed, int clinic)
    {
        var generator = new ClinicGenerator(seed, clinic);
        return generator.Csv(generator.Visits());
    }
}
