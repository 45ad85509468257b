using SecureAggregation.Statistics.Internal.Blocks;
using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// A number column compared between the groups of a query. Each group's n, mean and variance have intervals that hold together (α is divided by
/// their number), so they are a box that holds the truth; a statistic's interval is what it can be in the box, which covers at least as often as stated,
/// however much noise there is.
/// </summary>
internal static class MeansReport
{
    private const string Method = "box of the groups' intervals";

    public static void Compare(ColumnMeasure measure, MomentsBlock block, IReadOnlyList<Scope> groups, ICollection<ReleasedStatistic> into)
    {
        string[] names = groups.Count == 2
            ? ["difference", "smd", "student t", "student df", "student p", "welch t", "welch df", "welch p"]
            : ["anova f", "anova df_between", "anova df_within", "anova p"];
        var bare = names.ToDictionary(n => n, n => groups[0].Between(measure.Name, MeasureKind.Compare, measure.Column, "", n, n == "difference" ? block.Unit : ""));
        if (groups.Any(g => g.TooFew(g[0])))
        {
            foreach (var statistic in bare.Values) into.Add(groups[0].Withhold(statistic));
            return;
        }

        var alpha = groups[0].Alpha / (3 * groups.Count);
        var boxes = groups.Select(g => Box.Of(block, g, alpha)).ToArray();
        var why = boxes.Select(b => b.Why).FirstOrDefault(w => w is not null);
        if (groups.Count == 2)
        {
            // The difference needs the two means only.
            var (a, b) = (new MomentIntervals(block, groups[0], groups[0].Alpha / 2).Mean(), new MomentIntervals(block, groups[1], groups[0].Alpha / 2).Mean());
            Add("difference", new Estimate(a.Value - b.Value, a.Low - b.High, a.High - b.Low));
            if (why is null) Two(boxes[0], boxes[1]);
            else foreach (var name in names.Skip(1)) into.Add(Scope.Undetermined(bare[name], why));
        }
        else if (why is null)
        {
            Anova();
        }
        else
        {
            foreach (var name in names) into.Add(Scope.Undetermined(bare[name], why));
        }

        void Add(string name, Estimate estimate) => into.Add(bare[name] with { Value = estimate.Value, Low = estimate.Low, High = estimate.High, Method = Method });

        void Two(Box a, Box b)
        {
            var difference = (Low: a.Mean.Low - b.Mean.High, High: a.Mean.High - b.Mean.Low);
            var (first, second) = (a.Sample, b.Sample);
            if (TwoSamples.StandardisedDifference(first, second).TryGet(out var smd))
            {
                var (low, high) = Quotient(difference, Math.Sqrt((a.Variance.Low + b.Variance.Low) / 2), Math.Sqrt((a.Variance.High + b.Variance.High) / 2));
                Add("smd", new Estimate(smd, low, high));
            }
            else
            {
                into.Add(Scope.Undetermined(bare["smd"], "the groups' spread is within its noise of 0"));
            }

            var inverse = (Low: (1 / a.N.High) + (1 / b.N.High), High: (1 / a.N.Low) + (1 / b.N.Low));
            var pooled = (Low: Box.Pooled([a, b], false), High: Box.Pooled([a, b], true));
            var error = (Low: (a.Variance.Low / a.N.High) + (b.Variance.Low / b.N.High), High: (a.Variance.High / a.N.Low) + (b.Variance.High / b.N.Low));
            Test("student", TwoSamples.Student(first, second), difference, (pooled.Low * inverse.Low, pooled.High * inverse.High), (a.N.Low + b.N.Low - 2, a.N.High + b.N.High - 2));
            Test("welch", TwoSamples.Welch(first, second), difference, error, Welch(a, b));
        }

        void Test(string name, Answer<Test> answer, (double Low, double High) difference, (double Low, double High) square, (double Low, double High) df)
        {
            if (!answer.TryGet(out var test))
            {
                foreach (var quantity in (string[])["t", "df", "p"]) into.Add(Scope.Undetermined(bare[$"{name} {quantity}"], answer.Reason!));
                return;
            }

            var (low, high) = Quotient(difference, Math.Sqrt(square.Low), Math.Sqrt(square.High));
            var (nearest, furthest) = (low <= 0 && high >= 0 ? 0 : Math.Min(Math.Abs(low), Math.Abs(high)), Math.Max(Math.Abs(low), Math.Abs(high)));
            Add($"{name} t", new Estimate(test.Statistic, low, high));
            Add($"{name} df", new Estimate(test.DegreesOfFreedom, df.Low, df.High));
            Add($"{name} p", new Estimate(test.P, Tails.Student(furthest, df.High), Tails.Student(nearest, df.Low)));
        }

        void Anova()
        {
            var answer = OneWayAnova.Of([.. boxes.Select(b => b.Sample)]);
            var within = (Low: Box.Pooled(boxes, false), High: Box.Pooled(boxes, true));
            if (!answer.TryGet(out var test) || within.Low <= 0)
            {
                foreach (var name in names) into.Add(Scope.Undetermined(bare[name], answer.Reason ?? "the groups' spread is within its noise of 0"));
                return;
            }

            var between = boxes.Length - 1.0;
            // The root of the sum of squares between groups is a length, and no shorter with more rows.
            var low = Math.Max(0, Length(b => b.N.Low) - Moved(b => b.N.Low));
            var high = Length(b => b.N.High) + Moved(b => b.N.High);
            var f = (Low: low * low / between / within.High, High: high * high / between / within.Low);
            var df = (Low: boxes.Sum(b => b.N.Low) - boxes.Length, High: boxes.Sum(b => b.N.High) - boxes.Length);
            Add("anova f", new Estimate(test.Statistic, f.Low, f.High));
            Add("anova df_between", new Estimate(between, between, between));
            Add("anova df_within", new Estimate(test.Within, df.Low, df.High));
            Add("anova p", new Estimate(
                test.P,
                Math.Min(test.P, Math.Min(Tails.Fisher(f.High, between, df.Low), Tails.Fisher(f.High, between, df.High))),
                Math.Max(test.P, Math.Max(Tails.Fisher(f.Low, between, df.Low), Tails.Fisher(f.Low, between, df.High)))));

            double Length(Func<Box, double> rows)
            {
                var grand = boxes.Sum(b => rows(b) * b.Mean.Value) / boxes.Sum(rows);
                return Math.Sqrt(boxes.Sum(b => rows(b) * (b.Mean.Value - grand) * (b.Mean.Value - grand)));
            }

            double Moved(Func<Box, double> rows) => Math.Sqrt(boxes.Sum(b => rows(b) * Math.Pow(Math.Max(b.Mean.High - b.Mean.Value, b.Mean.Value - b.Mean.Low), 2)));
        }
    }

    /// <summary>What a difference over a positive number can be.</summary>
    private static (double Low, double High) Quotient((double Low, double High) of, double least, double most) =>
        (of.Low / (of.Low < 0 ? least : most), of.High / (of.High < 0 ? most : least));

    /// <summary>The degrees of freedom of Welch and Satterthwaite, which depend on the ratio of the groups' squared errors and are most where it is as that of the degrees.</summary>
    private static (double Low, double High) Welch(Box a, Box b)
    {
        var ratio = (Low: b.Variance.Low / b.N.High / (a.Variance.High / a.N.Low), High: b.Variance.High / b.N.Low / (a.Variance.Low / a.N.High));
        var low = Math.Min(Of(ratio.Low, a.N.Low, b.N.Low), Of(ratio.High, a.N.Low, b.N.Low));
        var top = (b.N.High - 1) / (a.N.High - 1);
        return (low, Of(Math.Clamp(top, ratio.Low, ratio.High), a.N.High, b.N.High));

        static double Of(double r, double n, double m) => (1 + r) * (1 + r) / ((1 / (n - 1)) + (r * r / (m - 1)));
    }

    /// <summary>What a group's rows, mean and variance can be.</summary>
    private sealed record Box(Estimate N, Estimate Mean, Estimate Variance, string? Why)
    {
        public Sample Sample => new(N.Value, Mean.Value, Variance.Value);

        public static Box Of(MomentsBlock block, Scope scope, double alpha)
        {
            var half = scope.HalfWidth(0, alpha);
            var n = new Estimate(scope[0], scope[0] - half, scope[0] + half);
            if (n.Low < 2) return new Box(n, default, default, $"the rows of {scope.Group} are within their noise of 0");
            var intervals = new MomentIntervals(block, scope, alpha);
            var (mean, variance) = (intervals.Mean(), intervals.Variance());
            var why = mean.Low <= block.Quantiser!.Low && mean.High >= block.Quantiser.High ? $"the mean of {scope.Group} may be anything within the bounds"
                : variance.Low <= 0 ? $"the variance of {scope.Group} is within its noise of 0"
                : null;
            return new Box(n, mean, variance, why);
        }

        /// <summary>The greatest, or least, mean of the variances in proportion to n − 1: the extreme ones get the most rows.</summary>
        public static double Pooled(IReadOnlyList<Box> boxes, bool greatest)
        {
            var sorted = boxes.Select(b => (Box: b, Variance: greatest ? b.Variance.High : b.Variance.Low)).OrderBy(b => greatest ? -b.Variance : b.Variance).ToArray();
            var means = Enumerable.Range(0, sorted.Length + 1).Select(many =>
            {
                var weights = sorted.Select((b, i) => (i < many ? b.Box.N.High : b.Box.N.Low) - 1).ToArray();
                return sorted.Select((b, i) => weights[i] * b.Variance).Sum() / weights.Sum();
            });
            return greatest ? means.Max() : means.Min();
        }
    }
}
