using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Events for so much person-time: colon, by treatment, against tools/reference.</summary>
public sealed class IncidenceTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("death")]
    [InlineData("recurrence")]
    public void Rates_without_noise_are_those_of_the_pooled_rows(string endpoint)
    {
        var query = Federated.Query(
            "colon",
            new IncidenceMeasure("time", "status", 1000),
            new GroupBy("rx", ["Lev", "Lev+5FU", "Obs"]),
            new CompareFilter("etype", ComparisonOperator.Eq, new FilterValue(null, endpoint)));
        Federated.ForAnySplit(query, Federated.Colon, output, released =>
        {
            var reference = Federated.Reference("colon").GetProperty("incidence");
            foreach (var arm in (string[])["Lev", "Lev+5FU", "Obs"])
            {
                var expected = reference.GetProperty($"{endpoint}, {arm}");
                Federated.Close(expected.GetProperty("totals").GetProperty("events").GetDouble(), released[$"incidence(time, status) events{{rx={arm}}}"].Value);
                Federated.Close(expected.GetProperty("totals").GetProperty("time").GetDouble(), released[$"incidence(time, status) time{{rx={arm}}}"].Value);
                var rate = released[$"incidence(time, status){{rx={arm}}}"];
                Federated.Close(expected.GetProperty("rate").GetDouble(), rate.Value);
                Assert.Equal("per 1000 days", rate.Unit);
                Assert.InRange(rate.Value!.Value, rate.Low!.Value, rate.High!.Value);
            }
        });
    }

    [Fact]
    public void A_rate_over_person_time_that_noise_could_have_made_is_not_shown()
    {
        var layout = VectorLayout.Create(
            Federated.Query("colon", new IncidenceMeasure("time", "status")).Resolve(Federated.Colon.Schema),
            Privacy.MicroEpsilon.Parse("0.01"), NoiseMode.Local, 5);
        var released = Release.Decode(layout, [20, 5, -20 * 3600], 5);
        Assert.Contains(released, s => s.Withheld == "not determined: the person-time is within its noise of 0");
    }
}
