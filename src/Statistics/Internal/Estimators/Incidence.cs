namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>Events by the time that persons were watched. Events below 0 are 0.</summary>
internal static class Incidence
{
    private const string NoTime = "there is no time under observation";

    /// <summary>Events a <paramref name="per"/> units of time, with Garwood's exact Poisson interval.</summary>
    public static Answer<Interval> Rate(double events, double time, double per = 1, double confidence = 0.95)
    {
        if (!(time > 0)) return Answer.Not(NoTime);
        events = Math.Max(0, events);
        if (!double.IsFinite(events)) return Answer.Not(Answer.TooLarge);
        var (low, high) = Tails.Poisson(events, confidence);
        var scale = per / time;
        return Answer.Finite(new Interval(events * scale, low * scale, high * scale), events * scale, high * scale);
    }

    /// <summary>The first group's rate over the second's, with the normal interval of its logarithm (Rothman, Modern Epidemiology, 14).</summary>
    public static Answer<Interval> Ratio(double events, double time, double otherEvents, double otherTime, double confidence = 0.95)
    {
        if (!(time > 0 && otherTime > 0)) return Answer.Not(NoTime);
        if (!(events > 0 && otherEvents > 0)) return Answer.Not("a group has no events");
        return CrossTable.OfLog(Math.Log(events / time) - Math.Log(otherEvents / otherTime), (1 / events) + (1 / otherEvents), confidence);
    }
}
