using System.Diagnostics;

namespace SecureAggregation.Simulation;

/// <summary>Plays the plans of a range of seeds on several threads until so many rounds have been simulated; what is played depends on the seeds alone.</summary>
internal sealed class Simulator(ulong firstSeed, long rounds, int threads, Action<string> report)
{
    private static readonly TimeSpan s_reportEvery = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Tally _tally = new();
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly SortedDictionary<ulong, string> _failures = [];
    private ulong _plans;
    private TimeSpan _reported;

    /// <summary>Failing plans, by seed, each shrunk to a literal.</summary>
    public IReadOnlyDictionary<ulong, string> Failures => _failures;

    public Tally Run()
    {
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(Work)).ToList();
        workers.ForEach(w => w.Start());
        workers.ForEach(w => w.Join());
        Report();
        return _tally;
    }

    /// <summary>Why a plan fails, or null.</summary>
    public static string? Failure(Plan plan, Tally? tally = null)
    {
        try
        {
            var played = plan.Play();
            tally?.Add(played);
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A broken invariant says what it is; anything else that a plan makes the code throw is a defect too.
            return e is BrokenInvariantException ? e.Message : e.ToString();
        }
    }

    private void Work()
    {
        while (true)
        {
            ulong seed;
            lock (_gate)
            {
                if (_tally.Rounds >= rounds || _failures.Count > 0) return;
                seed = firstSeed + _plans++;
            }

            var played = new Tally();
            var plan = PlanGenerator.Draw(seed);
            var failure = Failure(plan, played);
            lock (_gate)
            {
                _tally.Add(played);
                if (failure is not null) _failures.Add(seed, Explain(seed, plan, failure));
                var lasted = Stopwatch.GetElapsedTime(_began);
                if (lasted - _reported < s_reportEvery) continue;
                _reported = lasted;
                Report();
            }
        }
    }

    private static string Explain(ulong seed, Plan plan, string failure)
    {
        var small = Shrinker.Shrink(plan, p => Failure(p) is not null);
        return $"Seed {seed}: {failure}\nShrunk from {plan.Operations.Count} operations to {small.Operations.Count}: {Failure(small)}\n{small}";
    }

    private void Report() => report(
        $"{_tally.Rounds} rounds in {Stopwatch.GetElapsedTime(_began).TotalSeconds:F0} s (seeds {firstSeed} to {firstSeed + _plans - 1}): {_tally}");
}
