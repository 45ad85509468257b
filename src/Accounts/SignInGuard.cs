namespace SecureAggregation.Accounts;

/// <summary>
/// Slows down guessing at one account: after five failures in a row each further try waits, twice as long each time, up to a quarter of an hour. The count of a name
/// is forgotten an hour after its last failure. Names that nobody has are counted alike, so that the wait does not tell; those that nobody can have are not, since
/// they may be as long as a request. Safe for use by many threads.
/// </summary>
public sealed class SignInGuard(TimeProvider time)
{
    private const int Free = 5;
    private const int MostNames = 10_000;
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan s_memory = TimeSpan.FromHours(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (int Failures, DateTimeOffset Last)> _names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How long this name must wait before its next try counts; zero if it need not.</summary>
    public TimeSpan Wait(string name)
    {
        lock (_gate)
        {
            if (!_names.TryGetValue(name, out var seen)) return TimeSpan.Zero;
            var left = seen.Last + Pause(seen.Failures) - time.GetUtcNow();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Counts a try that failed.</summary>
    public void Failed(string name)
    {
        if (AccountRules.WrongName(name) is not null) return;
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_names.Count >= MostNames)
            {
                foreach (var (old, _) in _names.Where(pair => now - pair.Value.Last > s_memory).ToList()) _names.Remove(old);
                // Under a flood of made-up names one with the fewest failures goes, so that memory stays bounded and who floods cannot wash away a name that he guesses at.
                if (_names.Count >= MostNames) _names.Remove(_names.MinBy(pair => (pair.Value.Failures, pair.Value.Last)).Key);
            }

            var failures = _names.TryGetValue(name, out var seen) && now - seen.Last <= s_memory ? seen.Failures : 0;
            _names[name] = (failures + 1, now);
        }
    }

    /// <summary>Forgets the failures of a name that signed in.</summary>
    public void Passed(string name)
    {
        lock (_gate) _names.Remove(name);
    }

    private static TimeSpan Pause(int failures) =>
        failures < Free ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(s_longest.TotalSeconds, Math.Pow(2, Math.Min(failures - Free, 20))));
}
