using Google.Protobuf;

namespace SecureAggregation.Statistics.Internal;

/// <summary>Analysis to and from canonical bytes.</summary>
internal static class AnalysisCodec
{
    private const uint Version = 1;

    public static byte[] Encode(Analysis analysis)
    {
        var wire = new Wire.Analysis
        {
            Version = Version,
            Where = analysis.Where is { } where ? ToWire(where) : null,
            RowRule = (Wire.RowRule)analysis.RowRule,
            RowsPerPerson = (uint)analysis.RowsPerPerson,
            RowsPerParty = (ulong)analysis.RowsPerParty,
            GroupsPerPerson = (uint)analysis.GroupsPerPerson,
        };
        wire.Columns.AddRange(analysis.Columns.Select(SchemaCodec.ToWire));
        foreach (var measure in analysis.Measures)
        {
            wire.Measures.Add(MeasureCodec.ToWire(measure));
        }

        wire.GroupBy.AddRange(analysis.GroupBy.Select(MeasureCodec.ToWire));
        wire.Derived.AddRange(analysis.Derived.Select(DeriveCodec.ToWire));
        return wire.CalculateSize() <= Analysis.MaxEncodedLength
            ? wire.ToByteArray()
            : throw new AnalysisException(
                $"The analysis takes more than {Analysis.MaxEncodedLength} bytes; ask for fewer bins, keys or listed values.");
    }

    public static Analysis Decode(ReadOnlySpan<byte> bytes)
    {
        var wire = SchemaCodec.Parse(Wire.Analysis.Parser, Wire.Analysis.Descriptor, bytes, Analysis.MaxEncodedLength, "analysis");
        if (wire.Version != Version)
        {
            throw new AnalysisException(
                $"The analysis has version {wire.Version}; this program knows version {Version}. Update the older side.");
        }

        var analysis = new Analysis(
            [.. wire.Columns.Select(SchemaCodec.FromWire)],
            [.. wire.Measures.Select(MeasureCodec.FromWire)],
            wire.Where is { } where ? FromWire(where, 1) : null,
            [.. wire.GroupBy.Select(MeasureCodec.FromWire)],
            (RowRule)wire.RowRule,
            MeasureCodec.Small(wire.RowsPerPerson),
            (long)Math.Min(wire.RowsPerParty, long.MaxValue),
            MeasureCodec.Small(wire.GroupsPerPerson),
            [.. wire.Derived.Select(DeriveCodec.FromWire)]);
        SchemaCodec.RequireCanonical(analysis.Encode(), bytes, "analysis");
        return analysis;
    }

    private static Wire.Filter ToWire(Filter filter)
    {
        switch (filter)
        {
            case CompareFilter f:
                return new Wire.Filter
                {
                    Comparison = new Wire.Comparison { Column = f.Column, Operator = (Wire.ComparisonOperator)f.Operator, Value = ToWire(f.Value) },
                };
            case InFilter f:
                var membership = new Wire.Membership { Column = f.Column };
                membership.Values.AddRange(f.Values.Select(ToWire));
                return new Wire.Filter { Membership = membership };
            case BetweenFilter f:
                return new Wire.Filter { Between = new Wire.Between { Column = f.Column, Low = f.Low, High = f.High } };
            case IsNullFilter f:
                return new Wire.Filter { IsNull = f.Column };
            case AndFilter f:
                return new Wire.Filter { All = ToWire(f.Items) };
            case OrFilter f:
                return new Wire.Filter { Any = ToWire(f.Items) };
            case NotFilter f:
                return new Wire.Filter { Negated = ToWire(f.Item) };
            default:
                throw new ArgumentException($"A filter of type {filter.GetType().Name} has no encoding.", nameof(filter));
        }
    }

    private static Wire.FilterList ToWire(IReadOnlyList<Filter> items)
    {
        var list = new Wire.FilterList();
        list.Items.AddRange(items.Select(ToWire));
        return list;
    }

    private static Wire.FilterValue ToWire(FilterValue value) => value.Label is { } label
        ? new Wire.FilterValue { Label = label }
        : new Wire.FilterValue { Number = value.Number ?? 0 };

    private static Filter FromWire(Wire.Filter wire, int depth)
    {
        // The parser's own recursion limit is higher than ours.
        if (depth > Filter.MaxDepth) throw new AnalysisException($"where is nested deeper than {Filter.MaxDepth}; flatten it.");
        return wire.NodeCase switch
        {
            Wire.Filter.NodeOneofCase.Comparison => new CompareFilter(wire.Comparison.Column, (ComparisonOperator)wire.Comparison.Operator, FromWire(wire.Comparison.Value)),
            Wire.Filter.NodeOneofCase.Membership => new InFilter(wire.Membership.Column, [.. wire.Membership.Values.Select(FromWire)]),
            Wire.Filter.NodeOneofCase.Between => new BetweenFilter(wire.Between.Column, wire.Between.Low, wire.Between.High),
            Wire.Filter.NodeOneofCase.IsNull => new IsNullFilter(wire.IsNull),
            Wire.Filter.NodeOneofCase.All => new AndFilter([.. wire.All.Items.Select(f => FromWire(f, depth + 1))]),
            Wire.Filter.NodeOneofCase.Any => new OrFilter([.. wire.Any.Items.Select(f => FromWire(f, depth + 1))]),
            Wire.Filter.NodeOneofCase.Negated => new NotFilter(FromWire(wire.Negated, depth + 1)),
            _ => throw new AnalysisException("where has an empty condition; every node compares, lists or combines."),
        };
    }

    private static FilterValue FromWire(Wire.FilterValue? wire) => wire?.ValueCase switch
    {
        Wire.FilterValue.ValueOneofCase.Number => new FilterValue(wire.Number, null),
        Wire.FilterValue.ValueOneofCase.Label => new FilterValue(null, wire.Label),
        _ => throw new AnalysisException("where compares with no value; give a number or a label."),
    };
}
