using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The group of a row: its keys as digits, the last column fastest; −1 if one of its values is no declared key.</summary>
internal sealed class GroupIndex
{
    private readonly (int Column, int Keys, int[]? ByLabel, Dictionary<double, int>? ByNumber)[] _columns;

    public GroupIndex(Analysis analysis, IReadOnlyList<GroupBy> by)
    {
        _columns = [.. by.Select(g =>
        {
            var column = analysis.IndexOf(g.Column);
            var described = analysis.Describe(column);
            if (described.IsNumeric)
            {
                var numbers = g.Keys.Select((k, i) => (Key: double.Parse(k, CultureInfo.InvariantCulture), i)).ToDictionary(k => k.Key, k => k.i);
                return (column, g.Keys.Count, (int[]?)null, numbers);
            }

            var labels = described.Categories.Select(c => g.Keys.ToList().IndexOf(c)).ToArray();
            return (column, g.Keys.Count, labels, (Dictionary<double, int>?)null);
        })];
    }

    public int Of(IRecord record)
    {
        var group = 0;
        foreach (var (column, keys, byLabel, byNumber) in _columns)
        {
            int key;
            if (byNumber is not null)
            {
                if (!record.TryGetNumber(column, out var value) || double.IsNaN(value) || !byNumber.TryGetValue(value, out key)) return -1;
            }
            else
            {
                var label = record.GetCategory(column);
                key = label < 0 ? -1 : byLabel![label];
                if (key < 0) return -1;
            }

            group = (group * keys) + key;
        }

        return group;
    }
}
