using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The rows and columns of a table, each the sum of several cells: what a test of the table rests on.</summary>
internal sealed class Margins
{
    /// <param name="sums">Each with its name and its cells.</param>
    public Margins(IReadOnlyList<(string Name, (Scope Scope, int Cell)[] Cells)> sums)
    {
        foreach (var (name, cells) in sums)
        {
            var rows = cells.Sum(c => c.Scope[c.Cell]);
            AreFew |= cells[0].Scope.TooFew(rows);
            if (Near is null && rows <= new NoiseSum([.. cells.Select(c => c.Scope.Term(c.Cell))]).HalfWidth(cells[0].Scope.Alpha))
                Near = $"the rows of {name} are within their noise of 0";
        }
    }

    /// <summary>Whether one of them is below the minimum cohort.</summary>
    public bool AreFew { get; }

    /// <summary>Why nothing can be said, if one of them may be of nobody.</summary>
    public string? Near { get; }
}
