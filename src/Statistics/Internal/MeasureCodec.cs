using Google.Protobuf.Collections;

namespace SecureAggregation.Statistics.Internal;

/// <summary>Measures to and from the wire. What a kind does not use is left out, so that there is one encoding of each.</summary>
internal static class MeasureCodec
{
    public static Wire.Measure ToWire(Measure measure)
    {
        var wire = new Wire.Measure { Kind = (Wire.MeasureKind)measure.Kind, Weight = (uint)measure.Weight };
        wire.Columns.AddRange(measure.Columns);
        switch (measure)
        {
            case HistogramMeasure m:
                wire.Edges.AddRange(m.Edges);
                break;
            case QuantileMeasure m:
                wire.Edges.AddRange(m.Edges);
                wire.At.AddRange(m.At);
                break;
            case ContingencyMeasure m:
                wire.Keys.Add(ToWire(m.Rows));
                wire.Keys.Add(ToWire(m.Across));
                break;
            case ModelMeasure m:
                wire.Coefficients.AddRange(m.Coefficients);
                wire.WeightBound = (uint)m.WeightBound;
                wire.ResidualBound = (uint)m.ResidualBound;
                wire.DevianceBound = (uint)m.DevianceBound;
                wire.Iterations = (uint)m.Iterations;
                break;
            case SurvivalMeasure m:
                wire.Edges.AddRange(m.Edges);
                break;
            case IncidenceMeasure m:
                wire.Per = m.Per;
                break;
            case RocMeasure m:
                wire.Edges.AddRange(m.Edges);
                break;
            case TopMeasure m:
                wire.Count = (uint)m.Count;
                break;
        }

        return wire;
    }

    /// <exception cref="AnalysisException">The kind is unknown, or has more or fewer columns than it takes.</exception>
    public static Measure FromWire(Wire.Measure wire)
    {
        var weight = Small(wire.Weight);
        var kind = (MeasureKind)wire.Kind;
        switch (kind)
        {
            case MeasureKind.Count or MeasureKind.Sum or MeasureKind.Mean or MeasureKind.Variance or MeasureKind.Sd or MeasureKind.Compare or MeasureKind.Distinct:
                return new ColumnMeasure(kind, wire.Columns.Count == 0 ? "" : Only(wire, 1)[0], weight);
            case MeasureKind.Histogram:
                return new HistogramMeasure(Only(wire, 1)[0], [.. wire.Edges], weight);
            case MeasureKind.Quantiles:
                return new QuantileMeasure(Only(wire, 1)[0], [.. wire.Edges], [.. wire.At], weight);
            case MeasureKind.Contingency:
                return wire.Keys.Count == 2
                    ? new ContingencyMeasure(FromWire(wire.Keys[0]), FromWire(wire.Keys[1]), weight)
                    : throw new AnalysisException($"contingency has the keys of {wire.Keys.Count} columns; it needs those of two.");
            case MeasureKind.Covariance or MeasureKind.Correlation or MeasureKind.Pca:
                return new CrossMeasure(kind, [.. wire.Columns], weight);
            case MeasureKind.Linear:
                return new LinearMeasure(First(wire), [.. wire.Columns.Skip(1)], weight);
            case MeasureKind.Logistic or MeasureKind.Poisson:
                return new ModelMeasure(
                    kind, First(wire), [.. wire.Columns.Skip(1)], [.. wire.Coefficients], Small(wire.WeightBound), Small(wire.ResidualBound),
                    Small(wire.DevianceBound), Small(wire.Iterations), weight);
            case MeasureKind.Survival:
                return new SurvivalMeasure(Only(wire, 2)[0], wire.Columns[1], [.. wire.Edges], weight);
            case MeasureKind.Incidence:
                return new IncidenceMeasure(Only(wire, 2)[0], wire.Columns[1], wire.Per, weight);
            case MeasureKind.Roc:
                return new RocMeasure(Only(wire, 2)[0], wire.Columns[1], [.. wire.Edges], weight);
            case MeasureKind.Top:
                return new TopMeasure(Only(wire, 1)[0], Small(wire.Count), weight);
            default:
                throw new AnalysisException("A measure has an unknown kind.");
        }
    }

    public static Wire.GroupBy ToWire(GroupBy group)
    {
        var wire = new Wire.GroupBy { Column = group.Column };
        wire.Keys.AddRange(group.Keys);
        return wire;
    }

    public static GroupBy FromWire(Wire.GroupBy wire) => new(wire.Column, [.. wire.Keys]);

    /// <summary>Numbers too large for any rule stay too large.</summary>
    public static int Small(uint value) => (int)Math.Min(value, int.MaxValue);

    private static string First(Wire.Measure wire) => wire.Columns.Count > 0
        ? wire.Columns[0]
        : throw new AnalysisException($"{((MeasureKind)wire.Kind).Word()} has no columns.");

    private static RepeatedField<string> Only(Wire.Measure wire, int count) => wire.Columns.Count == count
        ? wire.Columns
        : throw new AnalysisException($"{((MeasureKind)wire.Kind).Word()} has {wire.Columns.Count} columns; it takes {count}.");
}
