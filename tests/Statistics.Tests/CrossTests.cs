using System.Text.Json;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Covariance, correlation, principal components and linear regression on the four clinics, against tools/reference.</summary>
public sealed class CrossTests(ITestOutputHelper output)
{
    private static readonly string[] s_numbers = ["age", "trestbps", "chol", "thalach", "oldpeak"];
    private static readonly JsonElement s_reference = Federated.Reference("heart");

    [Theory]
    [InlineData(MeasureKind.Covariance, "covariance")]
    [InlineData(MeasureKind.Correlation, "correlation")]
    public void Matrices_without_noise_are_those_of_the_pooled_rows(MeasureKind kind, string key)
    {
        Federated.ForAnySplit(Federated.Query("heart", new CrossMeasure(kind, s_numbers)), Federated.Heart, output, released =>
        {
            var name = $"{key}({string.Join(", ", s_numbers)})";
            var expected = s_reference.GetProperty("covariance").GetProperty("numbers");
            Federated.Close(expected.GetProperty("totals").GetProperty("n").GetDouble(), released[$"{name} n"].Value);
            for (var i = 0; i < s_numbers.Length; i++)
            {
                for (var j = i; j < s_numbers.Length; j++)
                    Federated.Close(expected.GetProperty(key)[i][j].GetDouble(), released[$"{name}[{s_numbers[i]},{s_numbers[j]}]"].Value);
                for (var j = i + 1; j < s_numbers.Length && kind == MeasureKind.Correlation; j++)
                    Federated.Close(expected.GetProperty("correlation_p")[i][j].GetDouble(), released[$"{name}[{s_numbers[i]},{s_numbers[j]}] p"].Value);
            }
        });
    }

    [Fact]
    public void Principal_components_are_those_of_the_correlations()
    {
        Federated.ForAnySplit(Federated.Query("heart", new CrossMeasure(MeasureKind.Pca, s_numbers)), Federated.Heart, output, released =>
        {
            var expected = s_reference.GetProperty("covariance").GetProperty("numbers").GetProperty("pca_correlation");
            var name = $"pca({string.Join(", ", s_numbers)})";
            for (var c = 0; c < s_numbers.Length; c++)
            {
                Federated.Close(expected.GetProperty("variances")[c].GetDouble(), released[$"{name}[PC{c + 1}]"].Value);
                Federated.Close(expected.GetProperty("explained")[c].GetDouble(), released[$"{name}[PC{c + 1}] share"].Value);
                for (var i = 0; i < s_numbers.Length; i++)
                    Federated.Close(expected.GetProperty("loadings")[c][i].GetDouble(), released[$"{name}[PC{c + 1},{s_numbers[i]}] loading"].Value);
            }
        });
    }

    [Theory]
    [InlineData("chol", "chol", "age", "sex", "trestbps")]
    [InlineData("chol_with_cp", "chol", "age", "sex", "trestbps", "cp")]
    [InlineData("oldpeak", "oldpeak", "age", "sex", "thalach")]
    public void Linear_regression_is_that_of_the_pooled_rows(string key, string outcome, params string[] predictors)
    {
        var measure = new LinearMeasure(outcome, predictors);
        Federated.ForAnySplit(Federated.Query("heart", measure), Federated.Heart, output, released =>
        {
            var expected = s_reference.GetProperty("linear").GetProperty(key);
            var terms = expected.GetProperty("coefficients").EnumerateArray().Select(t => t.GetString() == "intercept" ? "(intercept)" : t.GetString()).ToArray();
            for (var i = 0; i < terms.Length; i++)
            {
                foreach (var (quantity, of) in ((string, string)[])[("", "values"), (" se", "se"), (" t", "t"), (" p", "p"), (" ci_low", "low"), (" ci_high", "high")])
                    Federated.Close(expected.GetProperty(of)[i].GetDouble(), released[$"{measure.Name}[{terms[i]}]{quantity}"].Value);
            }

            Federated.Close(expected.GetProperty("r2").GetDouble(), released[$"{measure.Name} r2"].Value);
            Federated.Close(expected.GetProperty("adjusted_r2").GetDouble(), released[$"{measure.Name} adjusted_r2"].Value);
            Federated.Close(expected.GetProperty("sigma").GetDouble(), released[$"{measure.Name} sigma"].Value);
            Federated.Close(expected.GetProperty("f").GetDouble(), released[$"{measure.Name} f"].Value);
            Federated.Close(expected.GetProperty("f_p").GetDouble(), released[$"{measure.Name} p"].Value);
        });
    }
}
