using System.Globalization;

namespace SecureAggregation.Privacy;

/// <summary>
/// A privacy parameter ε, held as a whole number of micro-ε (10⁻⁶): sums and shares are exact, and the same on every machine.
/// Always greater than 0 and at most <see cref="MaxValue"/>; the default value of the struct is no ε and says so when it is read.
/// </summary>
public readonly record struct MicroEpsilon : IComparable<MicroEpsilon>
{
    /// <summary>Micro-ε in one ε.</summary>
    public const long PerUnit = 1_000_000;

    /// <summary>The greatest ε, 100, in micro-ε. Noise that small protects nobody, so more is a mistake in the query.</summary>
    public const long MaxMicro = 100 * PerUnit;

    // Of a longer one decimal would round away digits that are then not seen to be too many.
    private const int LongestText = 20;

    private readonly long _micro;

    /// <summary>An ε of so many micro-ε.</summary>
    /// <param name="micro">1 to <see cref="MaxMicro"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative or above the maximum.</exception>
    public MicroEpsilon(long micro)
    {
        if (micro is <= 0 or > MaxMicro)
        {
            throw new ArgumentOutOfRangeException(nameof(micro), micro, Problem(Text(micro)));
        }

        _micro = micro;
    }

    /// <summary>100 ε.</summary>
    public static MicroEpsilon MaxValue => new(MaxMicro);

    /// <summary>This ε in micro-ε.</summary>
    /// <exception cref="InvalidOperationException">The struct was never given a value.</exception>
    public long Micro => _micro > 0
        ? _micro
        : throw new InvalidOperationException(
            "This epsilon was never set; make it with new MicroEpsilon(micro) or MicroEpsilon.Parse(text).");

    /// <summary>Whether the struct holds an ε; false for the default value only.</summary>
    public bool IsSet => _micro > 0;

    /// <summary>Reads a decimal such as "0.5" or "1", with at most six digits after the point.</summary>
    /// <exception cref="FormatException">The text is no such number, or is outside of the range.</exception>
    public static MicroEpsilon Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        const NumberStyles Plain = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent;
        if (text.Length > LongestText || !decimal.TryParse(text, Plain, CultureInfo.InvariantCulture, out var value))
        {
            throw new FormatException($"epsilon is '{text}'; it must be a number greater than 0 and at most 100, e.g. 0.5.");
        }

        if (value is <= 0 or > MaxMicro / PerUnit) throw new FormatException(Problem(text));
        var micro = value * PerUnit;
        if (micro != decimal.Truncate(micro))
        {
            throw new FormatException($"epsilon is {text}; it may have at most six digits after the point, e.g. 0.000001.");
        }

        return new MicroEpsilon((long)micro);
    }

    /// <summary>The exact sum.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The sum is above the maximum.</exception>
    public MicroEpsilon Add(MicroEpsilon other) => new(Micro + other.Micro);

    /// <summary>The exact sum, see <see cref="Add"/>.</summary>
    public static MicroEpsilon operator +(MicroEpsilon left, MicroEpsilon right) => left.Add(right);

    /// <summary>Order by size.</summary>
    public static bool operator <(MicroEpsilon left, MicroEpsilon right) => left.CompareTo(right) < 0;

    /// <summary>Order by size.</summary>
    public static bool operator >(MicroEpsilon left, MicroEpsilon right) => left.CompareTo(right) > 0;

    /// <summary>Order by size.</summary>
    public static bool operator <=(MicroEpsilon left, MicroEpsilon right) => left.CompareTo(right) <= 0;

    /// <summary>Order by size.</summary>
    public static bool operator >=(MicroEpsilon left, MicroEpsilon right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public int CompareTo(MicroEpsilon other) => _micro.CompareTo(other._micro);

    /// <summary>ε as a binary floating-point number, for display and planning only.</summary>
    public double ToDouble() => (double)Micro / PerUnit;

    /// <summary>The shortest decimal, e.g. "0.5"; <see cref="Parse"/> reads it back.</summary>
    public override string ToString() => IsSet ? Text(_micro) : "not set";

    private static string Text(long micro) => ((decimal)micro / PerUnit).ToString("0.######", CultureInfo.InvariantCulture);

    private static string Problem(string value) => $"epsilon is {value}; it must be greater than 0 and at most 100, e.g. 0.5.";
}
