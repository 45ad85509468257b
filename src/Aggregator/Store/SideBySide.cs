using System.Runtime.ExceptionServices;

namespace SecureAggregation.Aggregator.Store;

/// <summary>The same for many things at a time; the first failure comes out as what it is.</summary>
internal static class SideBySide
{
    public static TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> map)
    {
        var results = new TResult[items.Count];
        try
        {
            Parallel.For(0, items.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i => results[i] = map(items[i]));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.Flatten().InnerExceptions[0]);
        }

        return results;
    }
}
