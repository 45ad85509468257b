using System.Diagnostics;
using System.Globalization;

namespace SecureAggregation.Aggregator.Tests.Killed;

/// <summary>Where the process is to die: the n-th time that something happens, before or after it is on disk. It lies in a file, so that it can be given while the process runs.</summary>
internal sealed class KillOrder(string file)
{
    private readonly Dictionary<string, int> _times = [];
    private readonly Lock _gate = new();

    /// <summary>Gives an order to the process that reads this file; the counts of what happens begin with it.</summary>
    /// <param name="what">What is counted; entries by their index in the log.</param>
    /// <param name="number">Which one, from 0.</param>
    /// <param name="after">Whether it is to be on disk first.</param>
    public void Give(string what, long number, bool after)
    {
        File.WriteAllText(file + ".part", string.Create(CultureInfo.InvariantCulture, $"{what} {number} {(after ? "after" : "before")}"));
        File.Move(file + ".part", file, overwrite: true);
    }

    /// <summary>Takes the order back; false if it was carried out.</summary>
    public bool Withdraw()
    {
        if (!File.Exists(file)) return false;
        File.Delete(file);
        return true;
    }

    /// <summary>Does something that is counted by itself, and dies where the order says.</summary>
    public void Pass(string what, Action action)
    {
        var (number, orders) = (0L, false);
        lock (_gate)
        {
            if (Read() is { } order && order.What == what)
            {
                number = _times.GetValueOrDefault(what);
                _times[what] = (int)number + 1;
                orders = order.Number == number;
            }
        }

        Pass(orders, action);
    }

    /// <summary>Does something that has numbers of its own.</summary>
    public void Pass(string what, Func<long, bool> isOf, Action action) => Pass(Read() is { } order && order.What == what && isOf(order.Number), action);

    private void Pass(bool dies, Action action)
    {
        if (!dies)
        {
            action();
            return;
        }

        if (Read()!.Value.After) action();
        // So that the next process lives.
        File.Delete(file);
        // SIGKILL. It may take a moment, and nothing may happen in it.
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.CurrentThread.Join();
    }

    private (string What, long Number, bool After)? Read()
    {
        try
        {
            return File.Exists(file) && File.ReadAllText(file).Split(' ') is [var what, var number, var when] ? (what, long.Parse(number, CultureInfo.InvariantCulture), when == "after") : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
