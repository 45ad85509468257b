using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text;
using SecureAggregation.Testing;

namespace SecureAggregation.Fuzz.Engine;

/// <summary>What a campaign saw.</summary>
internal sealed record Tally(string Target, long Inputs, long Taken, long MostAllocated, TimeSpan Slowest, TimeSpan Elapsed)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Target,-20} {Inputs,9} inputs, {100.0 * Taken / Math.Max(1, Inputs),5:0.0} % taken, at most {MostAllocated,9} bytes allocated, slowest {Slowest.TotalMilliseconds,6:0.0} ms, {Elapsed.TotalSeconds,5:0.0} s");
}

/// <summary>
/// Runs a target over many inputs on all cores. Each input has a number, and follows from that and the seed of the run alone. The first defect
/// ends the campaign, is made smaller, written down and shown.
/// </summary>
internal sealed class Campaign
{
    private const int Batch = 32;
    private const int DumpedBytes = 2048;

    /// <summary>As threads of the pool have it: recursion that is too deep for them must show.</summary>
    private const int Stack = 1536 * 1024;

    [ThreadStatic]
    private static Exception? s_slip;

    [ThreadStatic]
    private static bool s_watches;

    private readonly Target _target;
    private readonly ulong _seed;
    private readonly IReadOnlyList<byte[]> _pool;
    private long _next;
    private long _taken;
    private long _most;
    private long _slowest;
    private string? _defect;

    static Campaign() => AppDomain.CurrentDomain.FirstChanceException += Notice;

    public Campaign(Target target, ulong seed)
    {
        (_target, _seed) = (target, seed);
        _pool = [.. target.Seeds(), .. Corpus.Of(target.Name)];
    }

    /// <summary>The first numbers of the target's inputs.</summary>
    public Tally Run(long inputs)
    {
        var began = Stopwatch.GetTimestamp();
        using var watchdog = new Watchdog(_target.Name, _seed);
        var threads = Enumerable.Range(0, Environment.ProcessorCount).Select(i => new Thread(() => Work(inputs, watchdog.Lane(i)), Stack) { IsBackground = true }).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        if (_defect is not null) throw new Xunit.Sdk.XunitException(_defect);
        return new Tally(_target.Name, inputs, _taken, _most, TimeSpan.FromTicks(_slowest), Stopwatch.GetElapsedTime(began));
    }

    /// <summary>The input of a number.</summary>
    public byte[] Input(long number)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_seed}/{_target.Name}/{number}")));
        return _target.Make(new Draw(new SeededRandom(BitConverter.ToUInt64(key)), _pool, _target.Words));
    }

    /// <summary>One input by itself: null, or what is wrong, and whether it was taken.</summary>
    public static (string? Problem, bool Taken, long Allocated) Try(Target target, Func<byte[], bool> decoder, byte[] input)
    {
        var (problem, taken, allocated) = Once(target, decoder, input);
        if (problem is not null || allocated <= target.Allowance + ((long)target.PerByte * input.Length)) return (problem, taken, allocated);

        // The first time a thing is done, more is allocated than ever after.
        (problem, taken, allocated) = Once(target, decoder, input);
        return problem is not null || allocated <= target.Allowance + ((long)target.PerByte * input.Length)
            ? (problem, taken, allocated)
            : (string.Create(CultureInfo.InvariantCulture, $"allocated {allocated} bytes for an input of {input.Length}; allowed are {target.Allowance} + {target.PerByte} a byte"), taken, allocated);
    }

    private static (string? Problem, bool Taken, long Allocated) Once(Target target, Func<byte[], bool> decoder, byte[] input)
    {
        (s_slip, s_watches) = (null, true);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var taken = decoder(input);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            s_watches = false;
            // Of its own slips protobuf has some that are known: Unreadable.
            return s_slip is { } slip && !target.Swallows.Contains(slip.GetType()) && slip.StackTrace?.Contains("at Google.Protobuf.", StringComparison.Ordinal) != true
                ? ($"threw and swallowed: {slip}", taken, allocated)
                : (null, taken, allocated);
        }
        catch (Exception e)
        {
            s_watches = false;
            return (e.ToString(), false, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    /// <summary>These tell of a slip in the code even where somebody catches them.</summary>
    private static void Notice(object? sender, FirstChanceExceptionEventArgs e)
    {
        if (s_watches && e.Exception is NullReferenceException or IndexOutOfRangeException or InvalidCastException or KeyNotFoundException or DivideByZeroException
            or ArrayTypeMismatchException or OutOfMemoryException or NotImplementedException or ObjectDisposedException) s_slip ??= e.Exception;
    }

    private void Work(long inputs, Watchdog.Entry lane)
    {
        try
        {
            var decoder = _target.Open();
            for (var first = Interlocked.Add(ref _next, Batch) - Batch; first < inputs && _defect is null; first = Interlocked.Add(ref _next, Batch) - Batch)
            {
                for (var number = first; number < Math.Min(first + Batch, inputs) && _defect is null; number++) Play(number, decoder, lane);
            }
        }
        catch (Exception e)
        {
            // Of the fuzzer itself: no input can be blamed.
            Interlocked.CompareExchange(ref _defect, $"{_target.Name}, seed {_seed}: {e}", null);
        }
        finally
        {
            lane.Done();
        }
    }

    private void Play(long number, Func<byte[], bool> decoder, Watchdog.Entry lane)
    {
        lane.Begin(number);
        var input = Input(number);
        var began = Stopwatch.GetTimestamp();
        var (problem, taken, allocated) = Try(_target, decoder, input);
        Raise(ref _slowest, Stopwatch.GetElapsedTime(began).Ticks);
        if (problem is null)
        {
            Raise(ref _most, allocated);
            if (taken) Interlocked.Increment(ref _taken);
            return;
        }

        var small = Smaller(input, decoder, problem);
        var file = Corpus.Keep(_target.Name, number, small);
        Interlocked.CompareExchange(
            ref _defect,
            $"{_target.Name}: input {number} of seed {_seed} (SECAGG_FUZZ_SEED={_seed} SECAGG_FUZZ_ONLY={_target.Name}:{number}): {problem}\n{input.Length} bytes, made smaller to {small.Length}, in {file}:\n{Dump(small)}",
            null);
    }

    private static void Raise(ref long most, long value)
    {
        for (var known = Volatile.Read(ref most); value > known; known = Volatile.Read(ref most)) Interlocked.CompareExchange(ref most, value, known);
    }

    /// <summary>Takes blocks out as long as the same goes wrong.</summary>
    private byte[] Smaller(byte[] input, Func<byte[], bool> decoder, string problem)
    {
        var (sign, tries) = (Sign(problem), 0);
        for (var block = Math.Max(1, input.Length / 2); block > 0 && tries < 3000; block /= 2)
        {
            for (var at = 0; at + block <= input.Length && tries < 3000; tries++)
            {
                byte[] less = [.. input[..at], .. input[(at + block)..]];
                if (Try(_target, decoder, less).Problem is { } same && Sign(same) == sign) input = less;
                else at += block;
            }
        }

        return input;

        static string Sign(string text) => text[..Math.Min(text.Length, Math.Max(20, text.IndexOf(':', StringComparison.Ordinal)))];
    }

    private static string Dump(byte[] bytes)
    {
        var text = new StringBuilder();
        for (var i = 0; i < Math.Min(bytes.Length, DumpedBytes); i += 16)
        {
            var row = bytes.AsSpan(i, Math.Min(16, bytes.Length - i));
            text.Append(CultureInfo.InvariantCulture, $"{i:x6}  {Convert.ToHexStringLower(row),-32}  ");
            foreach (var b in row) text.Append(b is >= 32 and < 127 ? (char)b : '.');
            text.Append('\n');
        }

        return text.Append(bytes.Length > DumpedBytes ? "…" : "").ToString();
    }
}
