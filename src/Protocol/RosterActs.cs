using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// The acts that say who put a roster in force (docs/transcript.md section 14), held against the rosters of a log: each stands right before the one that it is about,
/// or right behind it if a start of the station brought it. For the entries of a log in their order; not for many threads at once.
/// </summary>
public sealed class RosterActs
{
    private readonly List<long> _unsaid = [];
    private string? _announced;
    private string? _last;

    /// <summary>Indices of the rosters, but for the first, of which no act says who put them in force: stations of earlier versions wrote none at a start.</summary>
    public IReadOnlyList<long> Unsaid => _unsaid;

    /// <summary>The act that says so.</summary>
    /// <param name="next">The roster.</param>
    /// <param name="by">Who brought it.</param>
    public static Act Of(Roster next, string by)
    {
        ArgumentNullException.ThrowIfNull(next);
        return new Act { Code = ActCode.RosterPublished, Subject = Subject(next), By = by, Detail = string.Join(' ', next.Words) };
    }

    /// <summary>Takes the next entry, a roster's.</summary>
    /// <exception cref="TranscriptException">The act before it is about another one.</exception>
    public void Take(long index, Roster roster)
    {
        ArgumentNullException.ThrowIfNull(roster);
        var said = _announced is not null;
        if (said && _announced != Subject(roster)) throw Alone();
        if (!said && index > 0) _unsaid.Add(index);
        (_announced, _last) = (null, said ? null : Subject(roster));
    }

    /// <summary>Takes the next entry, which is no roster's.</summary>
    /// <param name="act">The act that it is; null if it is none.</param>
    /// <exception cref="TranscriptException">An act is about a roster that is not beside it.</exception>
    public void Take(Act? act)
    {
        End();
        if (act?.Code == ActCode.RosterPublished)
        {
            if (act.Subject == _last) _unsaid.RemoveAt(_unsaid.Count - 1);
            else _announced = act.Subject;
        }

        _last = null;
    }

    /// <summary>There are no more entries.</summary>
    /// <exception cref="TranscriptException">The last act is about a roster that is not there.</exception>
    public void End()
    {
        if (_announced is not null) throw Alone();
    }

    private static string Subject(Roster roster) => $"epoch {roster.Epoch}";

    private TranscriptException Alone() => new($"the act before it says that the roster of {_announced} was put in force, which is not beside it.");
}
