using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics.Tests;

public sealed class SimulationTests
{
    // One cell: the simulated interval of the count itself is the exact one, up to the scatter of the draws.
    [Theory]
    [InlineData("2", 1, 0.05)]
    [InlineData("1", 7, 0.05)]
    [InlineData("0.02", 3, 0.05)]
    [InlineData("0.5", 200, 0.05)]
    [InlineData("0.01", 40, 0.01)]
    [InlineData("1", 5, 1e-5)]
    public void Interval_of_a_cell_is_that_of_its_exact_noise(string epsilon, int parties, double alpha)
    {
        var scope = Count(epsilon, parties, 100_000);
        var simulated = new Simulation([scope], alpha).Intervals(cells => [cells[0][0]])[0]!.Value;
        var exact = scope.HalfWidth(0, alpha);
        Assert.Equal(100_000, simulated.Value);
        // Beyond what the draws resolve, the tail is extrapolated.
        var wide = alpha < 1e-3 ? 1.2 : 1.1;
        Assert.InRange(simulated.High - 100_000, (exact * 0.9) - 1, (exact * wide) + 1);
        Assert.InRange(100_000 - simulated.Low, (exact * 0.9) - 1, (exact * wide) + 1);
    }

    [Fact]
    public void Same_totals_give_the_same_interval_and_others_another()
    {
        static Estimate Of(Scope scope) => new Simulation([scope], 0.05).Intervals(cells => [Math.Sqrt(cells[0][0])])[0]!.Value;
        Assert.Equal(Of(Count("0.1", 3, 5000)), Of(Count("0.1", 3, 5000)));
        Assert.NotEqual(Of(Count("0.1", 3, 5000)).High - Math.Sqrt(5000), Of(Count("0.1", 3, 5001)).High - Math.Sqrt(5001));
    }

    [Fact]
    public void What_most_draws_leave_open_is_not_determined()
    {
        var simulation = new Simulation([Count("1", 5, 20)], 0.05);
        var intervals = simulation.Intervals(cells => [1, double.NaN, cells[0][0] > 20 ? double.NaN : 2, cells[0][0] > 35 ? double.PositiveInfinity : 3]);
        Assert.Equal([new Estimate(1, 1, 1), null, null, new Estimate(3, 3, 3)], intervals);
        Assert.Null(simulation.Length(cells => [1, cells[0][0] > 20 ? double.NaN : 2]));
    }

    [Fact]
    public void Length_of_a_single_number_is_as_far_off_as_its_noise()
    {
        var scope = Count("1", 5, 20);
        var length = new Simulation([scope], 0.05).Length(cells => [cells[0][0] - 17])!.Value;
        Assert.Equal(3, length.Value);
        Assert.Equal(0, length.Low);
        Assert.InRange(length.High - 3, scope.HalfWidth(0, 0.05) - 1, scope.HalfWidth(0, 0.05) + 1);
    }

    private static Scope Count(string epsilon, int parties, long total)
    {
        var analysis = new Analysis([], [new ColumnMeasure(MeasureKind.Count)], null, [], RowRule.OneRowPerPerson);
        var layout = VectorLayout.Create(analysis, MicroEpsilon.Parse(epsilon), NoiseMode.Local, parties);
        return new Scope(layout, layout.Blocks[0], "", [total], parties, 1, new ReleaseOptions());
    }
}
