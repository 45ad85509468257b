namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// One term of a model or matrix, as a whole number: z of a number column, in [−Steps, Steps] half steps from the middle of its bounds, or 0 or 1
/// for one label of a category.
/// </summary>
/// <param name="Name">"age", or "sex=male".</param>
/// <param name="Variable">Index of its variable.</param>
/// <param name="Quantiser">Of a number column; null for a label.</param>
internal sealed record Term(string Name, int Variable, Quantiser? Quantiser)
{
    /// <summary>The greatest absolute value.</summary>
    public long MaxAbs => Quantiser?.Steps ?? 1;

    /// <summary>The value of the column at z = 0.</summary>
    public double Middle => Quantiser?.Middle ?? 0;

    /// <summary>What one z is worth, in the column's unit.</summary>
    public double Unit => Quantiser?.Unit ?? 1;
}

/// <summary>
/// Columns as variables: a number column is one term, a category a 0/1 term for each label but the first, which the others are compared with.
/// A row counts where none of them is missing.
/// </summary>
internal sealed class Variables
{
    private readonly (int Column, Quantiser? Quantiser, int First)[] _variables;

    public Variables(BlockPlace place, IReadOnlyList<string> columns)
    {
        var terms = new List<Term>();
        _variables = [.. columns.Select((name, i) =>
        {
            var index = place.Analysis.IndexOf(name);
            var column = place.Analysis.Describe(index);
            var first = terms.Count;
            var quantiser = column.IsNumeric ? new Quantiser(column, place.CellCap) : null;
            if (quantiser is not null) terms.Add(new Term(name, i, quantiser));
            else terms.AddRange(column.Categories.Skip(1).Select(label => new Term($"{name}={label}", i, null)));
            return (index, quantiser, first);
        })];
        Terms = terms;
    }

    /// <summary>How many columns.</summary>
    public int Count => _variables.Length;

    /// <summary>All terms, variable by variable.</summary>
    public IReadOnlyList<Term> Terms { get; }

    /// <summary>Number columns among the variables.</summary>
    public int Numbers => _variables.Count(v => v.Quantiser is not null);

    /// <summary>Reads each variable of a row: z, or the index of the label; false if one is missing.</summary>
    /// <param name="record">The row.</param>
    /// <param name="key">Of <see cref="Count"/>.</param>
    public bool TryRead(IRecord record, Span<long> key)
    {
        for (var i = 0; i < _variables.Length; i++)
        {
            var (column, quantiser, _) = _variables[i];
            if (quantiser is null)
            {
                key[i] = record.GetCategory(column);
                if (key[i] < 0) return false;
            }
            else
            {
                if (!record.TryGetNumber(column, out var value) || double.IsNaN(value)) return false;
                key[i] = quantiser.Z(value);
            }
        }

        return true;
    }

    /// <summary>The terms of a row that are not 0 because of a category's other label: at most one of each variable.</summary>
    /// <param name="key">What <see cref="TryRead"/> wrote.</param>
    /// <param name="terms">Receives the indices of terms, at most <see cref="Count"/>.</param>
    /// <param name="values">Receives their values.</param>
    /// <returns>How many.</returns>
    public int Expand(ReadOnlySpan<long> key, Span<int> terms, Span<long> values)
    {
        var count = 0;
        for (var i = 0; i < _variables.Length; i++)
        {
            var (_, quantiser, first) = _variables[i];
            if (quantiser is null && key[i] == 0) continue;
            terms[count] = quantiser is null ? first + (int)key[i] - 1 : first;
            values[count++] = quantiser is null ? 1 : key[i];
        }

        return count;
    }
}

/// <summary>A column with two outcomes: a category of two labels, the second being the event, or whole numbers 0 and 1.</summary>
internal sealed class Outcome
{
    private readonly int _column;
    private readonly bool _numeric;

    public Outcome(Analysis analysis, string column)
    {
        _column = analysis.IndexOf(column);
        _numeric = analysis.Describe(_column).IsNumeric;
        Event = _numeric ? $"{column}=1" : $"{column}={analysis.Describe(_column).Categories[1]}";
    }

    /// <summary>E.g. "status=dead".</summary>
    public string Event { get; }

    /// <summary>1 if the event happened, else 0; false if it is not known.</summary>
    public bool TryRead(IRecord record, out long happened)
    {
        happened = 0;
        if (_numeric)
        {
            if (!record.TryGetNumber(_column, out var value) || double.IsNaN(value)) return false;
            happened = value >= 0.5 ? 1 : 0;
            return true;
        }

        var label = record.GetCategory(_column);
        happened = Math.Min(label, 1);
        return label >= 0;
    }
}
