namespace SecureAggregation.Statistics.Internal;

/// <summary>Division of whole numbers, rounded half to even.</summary>
internal static class Rounding
{
    public static long Divide(Int128 value, long divisor)
    {
        if (divisor == 1) return (long)value;
        var (quotient, remainder) = Int128.DivRem(value, divisor);
        var twice = 2 * Int128.Abs(remainder);
        return (long)(twice > divisor || (twice == divisor && Int128.IsOddInteger(quotient)) ? quotient + Int128.Sign(value) : quotient);
    }
}
