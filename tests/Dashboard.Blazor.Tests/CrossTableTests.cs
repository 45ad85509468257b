using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class CrossTableTests
{
    [Fact]
    public void Model_has_a_row_a_term_and_a_column_a_quantity()
    {
        var table = CrossTable.Of([Of(MeasureKind.Linear, "", "n"), Of(MeasureKind.Linear, "[age]", ""), Of(MeasureKind.Linear, "[age]", "se"), Of(MeasureKind.Linear, "[sex=male]", ""), Of(MeasureKind.Linear, "[sex=male]", "se")]);
        Assert.Equal(["Coefficient", "Standard error"], table.Columns);
        Assert.Equal(["age", "sex = male"], table.Rows.Select(r => r.Label));
        Assert.Equal("n", Assert.Single(table.Rest).Quantity);
    }

    [Fact]
    public void Groups_are_columns_and_a_test_between_them_stands_alone()
    {
        var table = CrossTable.Of([Of(MeasureKind.Compare, "", "mean"), Of(MeasureKind.Compare, "", "mean", "ill=no"), Of(MeasureKind.Compare, "", "mean", "ill=yes"), Of(MeasureKind.Compare, "", "welch p")]);
        Assert.Equal(["All", "ill = no", "ill = yes"], table.Columns);
        Assert.Equal("Mean", Assert.Single(table.Rows).Label);
        Assert.Equal("welch p", Assert.Single(table.Rest).Quantity);
    }

    [Fact]
    public void Long_curve_is_shown_by_some_of_its_points_with_the_last()
    {
        var table = CrossTable.Of([.. Enumerable.Range(0, 111).SelectMany(i => new[] { Of(MeasureKind.Survival, $"[{30 * i},{30 * (i + 1)})", ""), Of(MeasureKind.Survival, $"[{30 * i},{30 * (i + 1)})", "se") })]);
        Assert.Equal((111, table.Rows.Count), (table.Points, table.PointsShown));
        Assert.InRange(table.Rows.Count, 8, 24);
        Assert.Equal("3300–3330", table.Rows[^1].Label);
    }

    [Theory]
    [InlineData("odds_ratio", 2.344, 0.3121, 251.7, "2.3", "0.3", "251.7")]
    [InlineData("p", 1.2e-12, 3.4e-20, 0.0312, "1.2e−12", "3.4e−20", "0.031")]
    [InlineData("welch p", 0.25, 0, 1, "0.25", "0", "1")]
    [InlineData("at_risk", 193, 185, 201, "193", "185", "201")]
    public void Digits_are_those_that_the_interval_supports_and_no_p_is_zero(string quantity, double value, double low, double high, string v, string l, string h)
    {
        var text = EstimateText.Of(Released.Number(MeasureKind.Compare, value, low, high, quantity: quantity));
        Assert.Equal((v, l, h), (text.Value, text.Low, text.High));
    }

    [Theory]
    [InlineData(MeasureKind.Linear, "linear(chol ~ age + sex)", "Linear regression of chol on age, sex")]
    [InlineData(MeasureKind.Compare, "compare(chol)", "Chol compared between groups")]
    [InlineData(MeasureKind.Contingency, "contingency(sex, disease)", "Sex by disease")]
    [InlineData(MeasureKind.Survival, "survival(time, status)", "Survival: status by time")]
    [InlineData(MeasureKind.Quantiles, "quantiles(age)", "Quantiles of age")]
    public void Measures_have_titles_in_words(MeasureKind kind, string measure, string title) =>
        Assert.Equal(title, StatisticWords.Measure(Released.Number(kind, 1, 0, 2, measure)));

    [Theory]
    [InlineData("[30,40)", "30–40")]
    [InlineData("[2020-01-01,2021-01-01)", "2020-01-01–2021-01-01")]
    [InlineData("[age,thalach]", "age, thalach")]
    [InlineData("[(intercept)]", "intercept")]
    [InlineData("[sex=male]", "sex = male")]
    [InlineData("[outside]", "outside")]
    public void Bins_and_terms_are_read_as_what_they_are(string bin, string shown) => Assert.Equal(shown, EstimateText.Bin(Released.Number(MeasureKind.Histogram, 1, 0, 2, bin: bin)));

    private static ReleasedStatistic Of(MeasureKind kind, string bin, string quantity, string group = "") =>
        Released.Number(kind, 1, 0, 2, $"{kind.Word()}(x)", "x", bin, quantity, group);
}
