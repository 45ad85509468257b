using System.Globalization;
using System.Text.Json.Nodes;
using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Tests.Reference;

/// <summary>Values that tools/reference computed with other software, and the totals that they follow from.</summary>
internal static class ReferenceFile
{
    /// <summary>heart, indo_rct, colon or covid.</summary>
    public static JsonObject Read(string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(RealData.Root, "tests/Statistics.Tests/Reference", name + ".json")))!.AsObject();

    /// <summary>The cases of a statistic in all files that have it.</summary>
    public static IEnumerable<(string Name, JsonNode Case)> Cases(string statistic) =>
        from file in (string[])["heart", "indo_rct", "colon", "covid"]
        let cases = Read(file)[statistic]
        where cases is not null
        from pair in cases.AsObject()
        select ($"{file}/{statistic}/{pair.Key}", pair.Value!);

    public static double Number(this JsonNode node, string key) => node[key]!.GetValue<double>();

    public static double[] Numbers(this JsonNode node) => [.. node.AsArray().Select(v => v!.GetValue<double>())];

    public static double[] Numbers(this JsonNode node, string key) => node[key]!.Numbers();

    public static double[,] Table(this JsonNode node)
    {
        var rows = node.AsArray().Select(r => r!.Numbers()).ToArray();
        var table = new double[rows.Length, rows[0].Length];
        for (var i = 0; i < rows.Length; i++)
        {
            for (var j = 0; j < rows[i].Length; j++) table[i, j] = rows[i][j];
        }

        return table;
    }

    public static Matrix<double> Matrix(this JsonNode node) => Matrix<double>.Build.DenseOfArray(node.Table());
}

/// <summary>Compares with reference values and keeps the greatest relative difference.</summary>
internal sealed class Agreement(double tolerance = 1e-9)
{
    /// <summary>The greatest relative difference so far, and of what.</summary>
    public (double Difference, string What) Worst { get; private set; }

    public int Values { get; private set; }

    /// <param name="what">Named in a failure.</param>
    /// <param name="expected">The reference.</param>
    /// <param name="actual">Ours.</param>
    /// <param name="scale">What differences are relative to where that is more than the value itself, e.g. 1 for loadings.</param>
    public void Close(string what, double expected, double actual, double scale = 0)
    {
        var size = Math.Max(Math.Abs(expected), scale);
        var difference = size == 0 ? Math.Abs(actual) : Math.Abs(actual - expected) / size;
        Assert.True(difference <= tolerance, $"{what} is {Text(actual)}, the reference says {Text(expected)}: {difference:0.0e0} apart.");
        Values++;
        if (difference > Worst.Difference) Worst = (difference, what);
    }

    public void Close(string what, IReadOnlyList<double> expected, IReadOnlyList<double> actual, double scale = 0)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++) Close($"{what}[{i}]", expected[i], actual[i], scale);
    }

    public override string ToString() => $"{Values} values, at most {Worst.Difference:0.0e0} apart ({Worst.What})";

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
