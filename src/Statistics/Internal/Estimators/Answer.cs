using System.Diagnostics.CodeAnalysis;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>
/// A statistic, or a short reason why the totals determine none. Noised totals can be impossible (fewer than no rows, squares whose sum is
/// below 0), so every estimator answers with one of these and neither throws nor gives NaN or an infinity.
/// </summary>
internal readonly record struct Answer<T>
{
    private readonly T? _value;

    private Answer(T? value, string? reason) => (_value, Reason) = (value, reason);

    /// <summary>Null if there is a value; else the second half of "not determined: …".</summary>
    public string? Reason { get; }

    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return Reason is null;
    }

    /// <summary>What follows from the value, if there is one.</summary>
    public Answer<TTo> Then<TTo>(Func<T, Answer<TTo>> next) => Reason is null ? next(_value!) : Answer.Not(Reason);

    public static implicit operator Answer<T>(T value) => new(value, null);

    public static implicit operator Answer<T>(Undetermined why) => new(default, why.Reason);
}

/// <summary>Why there is no value; becomes an <see cref="Answer{T}"/> of any type.</summary>
internal readonly record struct Undetermined(string Reason);

/// <summary>Makes answers.</summary>
internal static class Answer
{
    public const string TooLarge = "the totals are too large to compute with";

    public static Undetermined Not(string reason) => new(reason);

    public static Answer<double> Number(double value) => double.IsFinite(value) ? value : Not(TooLarge);

    /// <summary>The value, if the numbers in it are finite.</summary>
    public static Answer<T> Finite<T>(T value, params ReadOnlySpan<double> numbers)
    {
        foreach (var number in numbers)
        {
            if (!double.IsFinite(number)) return Not(TooLarge);
        }

        return value;
    }
}

/// <summary>A test: its statistic, degrees of freedom (infinite ones of a normal test are 0) and p-value.</summary>
internal readonly record struct Test(double Statistic, double DegreesOfFreedom, double P);

/// <summary>An F test with its two degrees of freedom.</summary>
internal readonly record struct FTest(double Statistic, double Between, double Within, double P);

/// <summary>A value with the ends of its interval of sampling: how far it may be from that of the population, noise aside.</summary>
internal readonly record struct Interval(double Value, double Low, double High);

/// <summary>A coefficient of a regression; the error is not determined where no variance is left over.</summary>
internal readonly record struct Coefficient(double Value, Answer<CoefficientError> Error);

/// <summary>Standard error, t or z, two-sided p-value and interval of a coefficient.</summary>
internal readonly record struct CoefficientError(double StandardError, double Statistic, double P, double Low, double High);
