using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>
/// A round as a table of phases by outposts. A phase begins for all when the last of them finished the one before, so a bar is the time that an
/// outpost took; bars of one phase share a scale, because phases differ by orders of magnitude.
/// </summary>
public sealed record TimelineModel(IReadOnlyList<TimelineColumn> Columns, IReadOnlyList<TimelineRow> Rows)
{
    /// <summary>Rows that say most come first: who is out, who is waited for, then who took longest.</summary>
    public IReadOnlyList<TimelineRow> Foremost =>
        [.. Rows.OrderBy(row => row.LostFrom is null).ThenBy(row => row.Cells.All(cell => cell.State != CellState.Working)).ThenByDescending(row => row.Cells.Sum(cell => cell.Took.TotalMilliseconds)).ThenBy(row => row.Index)];

    public static TimelineModel Of(RoundView round, DateTimeOffset now)
    {
        var phases = Phases.Of(round);
        var columns = new List<TimelineColumn>(phases.Count);
        var start = (double)round.StartedMs;
        var ended = round.State != RoundState.Running;
        var nowMs = (double)now.ToUnixTimeMilliseconds();
        var reached = Math.Max(0, phases.ToList().IndexOf(round.Phase));
        for (var i = 0; i < phases.Count; i++)
        {
            var phase = phases[i];
            var marks = round.Parties.SelectMany(party => party.Marks).Where(mark => mark.Phase == phase).ToArray();
            var current = !ended && phase == round.Phase;
            if (current && round.PhaseStartedMs > 0) start = round.PhaseStartedMs;
            var end = marks.Length == 0 ? start : marks.Max(mark => (double)mark.AtMs);
            var scale = Math.Max(1, end - start);
            double? elapsed = null, deadline = null;
            if (current)
            {
                elapsed = Math.Max(0, nowMs - start);
                if (round.PhaseDeadlineMs > 0) deadline = Math.Max(1, round.PhaseDeadlineMs - start);
                scale = Math.Max(scale, deadline ?? Math.Max(elapsed.Value, 1));
            }

            var state = current ? ColumnState.Current : marks.Length > 0 || round.State == RoundState.Done || (ended && i <= reached) ? ColumnState.Past : ColumnState.Ahead;
            columns.Add(new TimelineColumn(phase, state, start, scale, elapsed, deadline));
            if (marks.Length > 0) start = Math.Max(start, end);
        }

        return new TimelineModel(columns, [.. round.Parties.OrderBy(party => party.Index).Select(party => Row(party, columns))]);
    }

    private static TimelineRow Row(RoundPartyView party, List<TimelineColumn> columns)
    {
        var lost = party.State is PartyState.Dropped or PartyState.Declined or PartyState.Blamed;
        var lostFrom = -1;
        var cells = new List<TimelineCell>(columns.Count);
        for (var i = 0; i < columns.Count; i++)
        {
            var column = columns[i];
            var mark = party.Marks.FirstOrDefault(m => m.Phase == column.Phase);
            if (mark is not null)
            {
                var took = Math.Max(0, mark.AtMs - column.StartMs);
                cells.Add(new TimelineCell(CellState.Finished, took / column.ScaleMs, TimeSpan.FromMilliseconds(took), mark.Bytes));
            }
            else if (lost && column.State != ColumnState.Ahead)
            {
                if (lostFrom < 0) lostFrom = i;
                cells.Add(new TimelineCell(CellState.Lost, 1, TimeSpan.Zero, 0));
            }
            else if (column.State == ColumnState.Current)
            {
                var waited = column.ElapsedMs ?? 0;
                cells.Add(new TimelineCell(CellState.Working, Math.Min(1, waited / column.ScaleMs), TimeSpan.FromMilliseconds(waited), 0));
            }
            else
            {
                cells.Add(new TimelineCell(CellState.Nothing, 0, TimeSpan.Zero, 0));
            }
        }

        return new TimelineRow(party.Index, party.Name, party.State, party.Reason, cells, lostFrom < 0 ? null : lostFrom);
    }
}

public enum ColumnState
{
    Past,
    Current,
    Ahead,
}

public enum CellState
{
    Nothing,
    Finished,
    Working,
    Lost,
}

/// <summary>Times in Unix milliseconds and lengths in milliseconds; elapsed and deadline only in the current phase.</summary>
public sealed record TimelineColumn(RoundPhase Phase, ColumnState State, double StartMs, double ScaleMs, double? ElapsedMs, double? DeadlineMs);

/// <param name="State">What is drawn.</param>
/// <param name="Fraction">Length of the bar, 0 to 1 of the column.</param>
/// <param name="Took">Time that the outpost took, or has been waited for.</param>
/// <param name="Bytes">Size of what it sent.</param>
public sealed record TimelineCell(CellState State, double Fraction, TimeSpan Took, ulong Bytes);

/// <param name="Index">The outpost's place in the roster.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">Its state in the round.</param>
/// <param name="Reason">Why it is out, if it is.</param>
/// <param name="Cells">One a column.</param>
/// <param name="LostFrom">The first column in which it was missed.</param>
public sealed record TimelineRow(uint Index, string Name, PartyState State, string Reason, IReadOnlyList<TimelineCell> Cells, int? LostFrom);
