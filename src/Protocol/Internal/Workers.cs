using System.Runtime.ExceptionServices;

namespace SecureAggregation.Protocol.Internal;

/// <summary>Independent pieces of work on several cores.</summary>
internal static class Workers
{
    /// <summary>Does pieces 0 to count − 1. What is thrown is what the piece of the lowest number threw, on however many cores.</summary>
    public static void Run(int count, int cores, Action<int> work)
    {
        if (cores == 1 || count < 2)
        {
            for (var i = 0; i < count; i++) work(i);
            return;
        }

        var errors = new Exception?[count];
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = cores }, (i, loop) =>
        {
            try
            {
                work(i);
            }
            catch (Exception e)
            {
                errors[i] = e;
                // All pieces below this one are still done.
                loop.Break();
            }
        });
        if (Array.Find(errors, e => e is not null) is { } first) ExceptionDispatchInfo.Throw(first);
    }
}
