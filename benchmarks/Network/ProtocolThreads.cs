using System.Collections.Concurrent;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// Does what parties compute on threads of its own, one a core: a thousand parties that check signatures and masks all at once would otherwise keep the pool from
/// answering the station's pings, which no party does to another when each has its own machine.
/// </summary>
internal static class ProtocolThreads
{
    private static readonly BlockingCollection<Action> s_work = [];

    static ProtocolThreads()
    {
        for (var i = 0; i < Environment.ProcessorCount; i++) new Thread(Work) { IsBackground = true }.Start();
    }

    public static Task<T> Run<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        s_work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    private static void Work()
    {
        foreach (var work in s_work.GetConsumingEnumerable()) work();
    }
}
