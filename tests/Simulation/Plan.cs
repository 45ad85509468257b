using System.Text;

namespace SecureAggregation.Simulation;

/// <summary>Who is in a simulated world.</summary>
internal sealed record Setting
{
    public required int Parties { get; init; }

    /// <summary>c of the roster; -1 for its default.</summary>
    public int Colluders { get; init; } = -1;

    public int MinSurvivors { get; init; } = 3;

    /// <summary>Bits an element.</summary>
    public int Bits { get; init; } = 32;

    /// <summary>Expected dropouts per mille of a roster that allows the sparse graph; -1 for one that does not.</summary>
    public int SparsePermille { get; init; } = -1;

    /// <summary>Outposts that work together with the station; nothing is promised about more than c.</summary>
    public IReadOnlyList<int> Corrupt { get; init; } = [];

    /// <summary>The outposts' disks forget the writes that a crash follows: no honest outpost has such a one. To see that the invariants notice.</summary>
    public bool ForgetfulDisks { get; init; }

    public override string ToString()
    {
        var text = new StringBuilder($"new Setting {{ Parties = {Parties}");
        if (Colluders >= 0) text.Append($", Colluders = {Colluders}");
        if (MinSurvivors != 3) text.Append($", MinSurvivors = {MinSurvivors}");
        if (Bits != 32) text.Append($", Bits = {Bits}");
        if (SparsePermille >= 0) text.Append($", SparsePermille = {SparsePermille}");
        if (Corrupt.Count > 0) text.Append($", Corrupt = [{string.Join(", ", Corrupt)}]");
        if (ForgetfulDisks) text.Append(", ForgetfulDisks = true");
        return text.Append(" }").ToString();
    }
}

/// <summary>A world and all that happens in it.</summary>
internal sealed record Plan(Setting Setting, IReadOnlyList<Operation> Operations)
{
    /// <summary>Plays the plan to its end.</summary>
    /// <returns>What happened in it.</returns>
    /// <exception cref="BrokenInvariantException">Something happened that must not.</exception>
    public Tally Play()
    {
        using var world = new World(Setting);
        foreach (var operation in Operations) world.Do(operation);
        world.Do(new Finish(0));
        return world.Tally;
    }

    /// <summary>The C# that makes this plan.</summary>
    public override string ToString() =>
        $"new Plan(\n    {Setting},\n    [\n{string.Concat(Operations.Select(o => $"        {o},\n"))}    ])";
}

/// <summary>Something happened in a simulated world that must not.</summary>
internal sealed class BrokenInvariantException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>What happened in simulated worlds: to see that a run was about something.</summary>
internal sealed class Tally
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public long Rounds => this["rounds"];

    public long this[string what] => _counts.GetValueOrDefault(what);

    public void Count(string what, long times = 1) => _counts[what] = _counts.GetValueOrDefault(what) + times;

    public void Add(Tally other)
    {
        foreach (var (what, times) in other._counts) Count(what, times);
    }

    public override string ToString() => string.Join(", ", _counts.Select(c => $"{c.Value} {c.Key}"));
}
