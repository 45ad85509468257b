using FsCheck.Fluent;
using SecureAggregation.Privacy;
using SecureAggregation.Testing;

namespace SecureAggregation.Statistics.Tests;

/// <summary>
/// The sensitivity by search, as in LayoutTests and TableTests, of the rest: cross products with categories, survival, incidence, groups by derived
/// columns, and models at coefficients that somebody chose to make single rows stand out.
/// </summary>
public sealed class SensitivityTests
{
    private static readonly SchemaColumn[] s_columns =
    [
        new("age", ColumnType.Integer) { Low = 20, High = 90 },
        new("dose", ColumnType.Number) { Low = -0.5, High = 12.25 },
        new("ill", ColumnType.Category) { Categories = ["no", "yes"] },
        new("stage", ColumnType.Category) { Categories = ["one", "two", "three"] },
        new("visits", ColumnType.Integer) { Low = 0, High = 20 },
    ];

    private static readonly DerivedColumn[] s_derived =
    [
        new BinsColumn("old", "age", [40, 60], ["young", "middle", "old"]),
        new RatioColumn("rate", "dose", "visits", -3, 3),
    ];

    [Theory]
    [InlineData(RowRule.OneRowPerPerson, 1, 1)]
    [InlineData(RowRule.PersonKey, 2, 1)]
    [InlineData(RowRule.PersonKey, 3, 2)]
    public void One_person_moves_no_block_of_cross_products_or_times_by_more_than_its_part(RowRule rule, int rows, int groups)
    {
        Measure[] measures =
        [
            new LinearMeasure("dose", ["age", "ill", "stage", "old", "rate"]),
            new CrossMeasure(MeasureKind.Covariance, ["age", "rate", "visits"]),
            new SurvivalMeasure("visits", "ill", [0, 5, 10, 20]),
            new IncidenceMeasure("visits", "ill", 100),
            new ColumnMeasure(MeasureKind.Variance, "rate"),
            new ColumnMeasure(MeasureKind.Distinct, "stage"),
        ];
        Holds(new Analysis(s_columns, measures, null, [new("old", ["young", "old"])], rule, rows, groupsPerPerson: groups, derived: s_derived), rule);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(-50)]
    public void One_person_moves_no_model_by_more_than_its_part_whatever_the_coefficients(double coefficient)
    {
        double[] coefficients = [coefficient, coefficient, 0 - coefficient, 50, -50, coefficient];
        Measure[] measures =
        [
            new ModelMeasure(MeasureKind.Logistic, "ill", ["age", "stage", "dose", "rate"], coefficients, 1, 1, 8, 5),
            new ModelMeasure(MeasureKind.Poisson, "visits", ["age", "stage", "dose", "rate"], coefficients, 7, 3, 5, 5),
        ];
        Holds(new Analysis(s_columns, measures, null, [], RowRule.PersonKey, 2, derived: s_derived[1..]), RowRule.PersonKey);
    }

    [Fact]
    public void Row_at_the_bounds_moves_every_part_of_a_model_by_all_that_it_may()
    {
        // At coefficients of 0 the weight of a row is a quarter, which is its bound; so are the terms at theirs.
        var measure = new ModelMeasure(MeasureKind.Logistic, "ill", ["age", "stage", "dose"], new double[5], 1, 1, 8, 5);
        var layout = VectorLayout.Create(new Analysis(s_columns[..4], [measure], null, [], RowRule.PersonKey), MicroEpsilon.Parse("0.7"), NoiseMode.Local, 4);

        var spent = SensitivitySearch.Spent(layout, [([90, 12.25, 1, 1], 0)], []).ToArray();

        Assert.Equal(["n", "deviance", "gradient", "matrix"], layout.Blocks[0].Segments.Select(s => s.Name));
        Assert.Equal(1, spent[0], 12);
        Assert.Equal(0.5, spent[2], 12);
        Assert.Equal(1, spent[3], 12);
    }

    private static void Holds(Analysis analysis, RowRule rule)
    {
        var layout = VectorLayout.Create(analysis, MicroEpsilon.Parse("0.7"), NoiseMode.Local, 4);
        var number = Gen.Elements(0, 1, 19.5, 20, 42, 90, 1e300, -1e300, double.NaN, double.PositiveInfinity);
        var row = from age in number
                  from dose in number
                  from ill in Gen.Elements(0, 1, double.NaN)
                  from stage in Gen.Elements(0, 1, 2, double.NaN)
                  from visits in number
                  from person in Gen.Choose(0, 4)
                  select (Values: new[] { age, dose, ill, stage, visits }, Person: person);
        SensitivitySearch.Holds(layout, rule, Gen.ArrayOf(row, 20));
    }
}
