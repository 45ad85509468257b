namespace SecureAggregation.Statistics.Internal;

/// <summary>A filter made ready to run: columns as indices, labels as numbers.</summary>
internal abstract class RowTest
{
    public abstract bool Test(IRecord record);

    public static RowTest Compile(Filter filter, Analysis analysis)
    {
        switch (filter)
        {
            case CompareFilter f:
                var compared = analysis.IndexOf(f.Column);
                return analysis.Describe(compared).IsNumeric
                    ? new Comparison(compared, f.Operator, f.Value.Number!.Value)
                    : new Labels(compared, Flags(analysis.Describe(compared), l => l == f.Value.Label == (f.Operator == ComparisonOperator.Eq)));
            case InFilter f:
                var listed = analysis.IndexOf(f.Column);
                return analysis.Describe(listed).IsNumeric
                    ? new Numbers(listed, [.. f.Values.Select(v => v.Number!.Value)])
                    : new Labels(listed, Flags(analysis.Describe(listed), l => f.Values.Any(v => v.Label == l)));
            case BetweenFilter f:
                return new Range(analysis.IndexOf(f.Column), f.Low, f.High);
            case IsNullFilter f:
                var tested = analysis.IndexOf(f.Column);
                return new Missing(tested, analysis.Describe(tested).IsNumeric);
            case NotFilter f:
                return new Opposite(Compile(f.Item, analysis));
            case AndFilter f:
                return new Every([.. f.Items.Select(i => Compile(i, analysis))]);
            case OrFilter f:
                return new Some([.. f.Items.Select(i => Compile(i, analysis))]);
            default:
                throw new ArgumentException($"A filter of type {filter.GetType().Name} has no meaning here.", nameof(filter));
        }
    }

    private static bool[] Flags(SchemaColumn column, Func<string, bool> holds) => [.. column.Categories.Select(holds)];

    private sealed class Comparison(int column, ComparisonOperator comparison, double limit) : RowTest
    {
        public override bool Test(IRecord record) => record.TryGetNumber(column, out var value) && comparison switch
        {
            ComparisonOperator.Eq => value == limit,
            ComparisonOperator.Ne => value < limit || value > limit,
            ComparisonOperator.Lt => value < limit,
            ComparisonOperator.Le => value <= limit,
            ComparisonOperator.Gt => value > limit,
            _ => value >= limit,
        };
    }

    private sealed class Numbers(int column, HashSet<double> values) : RowTest
    {
        public override bool Test(IRecord record) => record.TryGetNumber(column, out var value) && values.Contains(value);
    }

    private sealed class Range(int column, double low, double high) : RowTest
    {
        public override bool Test(IRecord record) => record.TryGetNumber(column, out var value) && value >= low && value <= high;
    }

    private sealed class Labels(int column, bool[] wanted) : RowTest
    {
        public override bool Test(IRecord record) => record.GetCategory(column) is >= 0 and var label && wanted[label];
    }

    private sealed class Missing(int column, bool numeric) : RowTest
    {
        public override bool Test(IRecord record) => numeric ? !record.TryGetNumber(column, out _) : record.GetCategory(column) < 0;
    }

    private sealed class Opposite(RowTest item) : RowTest
    {
        public override bool Test(IRecord record) => !item.Test(record);
    }

    private sealed class Every(RowTest[] items) : RowTest
    {
        public override bool Test(IRecord record)
        {
            foreach (var item in items)
            {
                if (!item.Test(record)) return false;
            }

            return true;
        }
    }

    private sealed class Some(RowTest[] items) : RowTest
    {
        public override bool Test(IRecord record)
        {
            foreach (var item in items)
            {
                if (item.Test(record)) return true;
            }

            return false;
        }
    }
}
