namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>A group of at least two rows: how many, their mean and their sample variance (n − 1).</summary>
internal readonly record struct Sample(double Count, double Mean, double Variance);

/// <summary>
/// Mean and variance from n, Σz and Σz², where a row's value is x = middle + unit·z. A variance that noise puts below 0 is 0.
/// </summary>
internal static class Moments
{
    public const string TooFewRows = "there are too few rows";

    public static Answer<double> Sum(double count, double sum, double middle = 0, double unit = 1) =>
        Answer.Number((middle * count) + (unit * sum));

    public static Answer<double> Mean(double count, double sum, double middle = 0, double unit = 1) =>
        count >= 1 ? Answer.Number(middle + (unit * (sum / count))) : Answer.Not(TooFewRows);

    /// <summary>(Σz² − (Σz)²/n)/(n − 1), in units of x².</summary>
    public static Answer<double> Variance(double count, double sum, double squares, double unit = 1) =>
        count >= 2 ? Answer.Number(unit * unit * (Math.Max(0, Less(squares, sum / count * sum)) / (count - 1))) : Answer.Not(TooFewRows);

    /// <summary>a − b, or 0 where they differ by rounding only: rows that are all equal have no variance, not one of 1e-17.</summary>
    public static double Less(double a, double b) => Math.Abs(a - b) <= 1e-14 * Math.Abs(a) ? 0 : a - b;

    public static Answer<double> StandardDeviation(double count, double sum, double squares, double unit = 1) =>
        Variance(count, sum, squares, unit).Then(v => Answer.Number(Math.Sqrt(v)));

    /// <summary>What comparisons of groups start from.</summary>
    public static Answer<Sample> Summary(double count, double sum, double squares, double middle = 0, double unit = 1) =>
        Mean(count, sum, middle, unit).Then(mean => Variance(count, sum, squares, unit).Then(variance =>
            Answer.Finite(new Sample(count, mean, variance), count)));
}
