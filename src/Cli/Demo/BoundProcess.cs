using System.Collections.Concurrent;
using System.Diagnostics;

namespace SecureAggregation.Cli.Demo;

/// <summary>
/// Programs that never outlive the one that started them. PR_SET_PDEATHSIG, which setpriv sets, counts from the thread that started the program, and a pool
/// thread may end long before its process: all are started by one thread that never does.
/// </summary>
internal static class BoundProcess
{
    private const string SetPriv = "/usr/bin/setpriv";

    private static readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Done)> s_queue = [];

    static BoundProcess() => new Thread(Run) { IsBackground = true, Name = "spawner" }.Start();

    /// <summary>Starts a program. The kernel kills it when this process dies, however that happens; where there is no setpriv it is started all the same.</summary>
    /// <param name="start">Without a shell, its arguments in the list; changed.</param>
    public static Process Start(ProcessStartInfo start)
    {
        if (File.Exists(SetPriv))
        {
            string[] before = ["--pdeathsig", "KILL", start.FileName];
            for (var i = 0; i < before.Length; i++) start.ArgumentList.Insert(i, before[i]);
            start.FileName = SetPriv;
        }

        var done = new TaskCompletionSource<Process>();
        s_queue.Add((start, done));
        return done.Task.GetAwaiter().GetResult();
    }

    private static void Run()
    {
        foreach (var (start, done) in s_queue.GetConsumingEnumerable())
        {
            try
            {
                // Never null: UseShellExecute is off.
                done.SetResult(Process.Start(start)!);
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }
    }
}
