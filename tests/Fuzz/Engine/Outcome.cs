namespace SecureAggregation.Fuzz.Engine;

/// <summary>Short words for targets.</summary>
internal static class Outcome
{
    /// <summary>True if it ran, false if it threw the documented exception; any other goes on.</summary>
    public static bool Or<TRefusal>(Action decode)
        where TRefusal : Exception => Or<TRefusal, TRefusal>(decode);

    /// <summary>The same of two documented exceptions.</summary>
    public static bool Or<TOne, TOther>(Action decode)
        where TOne : Exception
        where TOther : Exception
    {
        try
        {
            decode();
            return true;
        }
        catch (Exception e) when (e is TOne or TOther)
        {
            return false;
        }
    }

    /// <summary>What must hold of what was taken.</summary>
    public static void Must(bool holds, string rule)
    {
        if (!holds) throw new BrokenRuleException(rule);
    }
}

/// <summary>The input was taken, but something does not hold that should.</summary>
internal sealed class BrokenRuleException(string rule) : Exception(rule);
