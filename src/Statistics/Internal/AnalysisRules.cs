namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of an <see cref="Analysis"/>, checked whenever one is made, from a query or from bytes.</summary>
internal static class AnalysisRules
{
    private const int MaxGroupColumns = 3;

    /// <summary>What does not depend on what columns are: names, each once.</summary>
    public static void CheckColumns(Analysis analysis)
    {
        foreach (var column in analysis.Columns) column.Validate();
        if (analysis.Derived.Count > Analysis.MaxDerived)
        {
            throw new AnalysisException($"derive has {analysis.Derived.Count} columns; at most {Analysis.MaxDerived}.");
        }

        var names = new HashSet<string>();
        if (analysis.Columns.FirstOrDefault(c => !names.Add(c.Name)) is { } twice)
        {
            throw new AnalysisException($"Column '{twice.Name}' is listed twice; each stands once.");
        }

        if (analysis.Derived.FirstOrDefault(d => !names.Add(d.Name)) is { } taken)
        {
            throw new AnalysisException($"derive: '{taken.Name}' is the name of another column; choose another.");
        }
    }

    public static void Check(Analysis analysis)
    {
        CheckRows(analysis);
        MeasureRules.Check(analysis);
        CheckGroups(analysis);
        FilterRules.Check(analysis);

        var used = analysis.Measures.SelectMany(m => m.Columns)
            .Concat(analysis.GroupBy.Select(g => g.Column))
            .Concat(analysis.Where?.ColumnNames ?? [])
            .ToHashSet();
        foreach (var derived in analysis.Derived.Reverse())
        {
            if (!used.Contains(derived.Name)) throw new AnalysisException($"derive: '{derived.Name}' is never used; remove it.");
            used.UnionWith(derived.Columns);
        }

        if (analysis.Columns.FirstOrDefault(c => !used.Contains(c.Name)) is { } idle)
        {
            throw new AnalysisException(
                $"Column '{idle.Name}' is carried but never used; an analysis holds the columns that it touches and no other.");
        }
    }

    private static void CheckRows(Analysis analysis)
    {
        if (!Enum.IsDefined(analysis.RowRule)) throw new AnalysisException("An analysis must say how rows belong to persons.");
        if (analysis.RowsPerPerson is < 1 or > Analysis.MaxRowsPerPerson)
        {
            throw new AnalysisException($"rows_per_person is {analysis.RowsPerPerson}; it must be 1 to {Analysis.MaxRowsPerPerson}.");
        }

        if (analysis.RowRule == RowRule.OneRowPerPerson && analysis.RowsPerPerson != 1)
        {
            throw new AnalysisException(
                $"rows_per_person is {analysis.RowsPerPerson}, but the dataset declares one row = one person; leave it out.");
        }

        if (analysis.GroupsPerPerson is < 1 or > Analysis.MaxGroupsPerPerson)
        {
            throw new AnalysisException($"groups_per_person is {analysis.GroupsPerPerson}; it must be 1 to {Analysis.MaxGroupsPerPerson}.");
        }

        if (analysis.RowRule == RowRule.OneRowPerPerson && analysis.GroupsPerPerson != 1)
        {
            throw new AnalysisException(
                $"groups_per_person is {analysis.GroupsPerPerson}, but the dataset declares one row = one person, and a row is in one group; leave it out.");
        }

        if (analysis.RowsPerParty is < 1 or > Analysis.MaxRowsPerParty)
        {
            throw new AnalysisException($"rows_per_party is {analysis.RowsPerParty}; it must be 1 to {Analysis.MaxRowsPerParty}.");
        }
    }

    private static void CheckGroups(Analysis analysis)
    {
        if (analysis.GroupBy.Count > MaxGroupColumns)
        {
            throw new AnalysisException($"group_by has {analysis.GroupBy.Count} columns; at most {MaxGroupColumns}.");
        }

        long groups = 1;
        foreach (var group in analysis.GroupBy)
        {
            if (analysis.GroupBy.Count(g => g.Column == group.Column) > 1)
            {
                throw new AnalysisException($"group_by names '{group.Column}' twice; once is enough.");
            }

            KeyRules.Check("group_by", analysis.Describe(group.Column), group.Keys);
            groups *= group.Keys.Count;
            if (groups > Analysis.MaxGroups) throw new AnalysisException($"group_by makes {groups} groups; at most {Analysis.MaxGroups}.");
        }
    }
}
