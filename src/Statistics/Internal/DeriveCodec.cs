namespace SecureAggregation.Statistics.Internal;

/// <summary>Derived columns to and from the wire.</summary>
internal static class DeriveCodec
{
    public static Wire.Derived ToWire(DerivedColumn derived)
    {
        var wire = new Wire.Derived { Name = derived.Name };
        switch (derived)
        {
            case BinsColumn d:
                wire.Bins = new Wire.BinsOf { Column = d.Column };
                wire.Bins.Edges.AddRange(d.Edges);
                wire.Bins.Labels.AddRange(d.Labels);
                break;
            case RatioColumn d:
                wire.Ratio = new Wire.Ratio { Numerator = d.Numerator, Denominator = d.Denominator, Low = d.Low, High = d.High, Unit = d.Unit };
                if (d.Resolution is { } resolution) wire.Ratio.Resolution = resolution;
                break;
            case AgeColumn d:
                wire.Age = ToWire(d.From, d.To, d.Low, d.High);
                break;
            case DaysColumn d:
                wire.Days = ToWire(d.From, d.To, d.Low, d.High);
                break;
            case RecodeColumn d:
                wire.Recode = new Wire.Recode { Column = d.Column };
                wire.Recode.Map.AddRange(d.Map.Select(m =>
                {
                    var recoding = new Wire.Recoding { Label = m.Label };
                    recoding.Keys.AddRange(m.Keys);
                    return recoding;
                }));
                if (d.Else is { } rest) wire.Recode.Else = rest;
                break;
        }

        return wire;
    }

    /// <exception cref="AnalysisException">The definition is empty.</exception>
    public static DerivedColumn FromWire(Wire.Derived wire) => wire.DefinitionCase switch
    {
        Wire.Derived.DefinitionOneofCase.Bins => new BinsColumn(wire.Name, wire.Bins.Column, [.. wire.Bins.Edges], [.. wire.Bins.Labels]),
        Wire.Derived.DefinitionOneofCase.Ratio => new RatioColumn(
            wire.Name, wire.Ratio.Numerator, wire.Ratio.Denominator, wire.Ratio.Low, wire.Ratio.High, wire.Ratio.HasResolution ? wire.Ratio.Resolution : null, wire.Ratio.Unit),
        Wire.Derived.DefinitionOneofCase.Age => new AgeColumn(wire.Name, wire.Age.From, To(wire.Age), wire.Age.Low, wire.Age.High),
        Wire.Derived.DefinitionOneofCase.Days => new DaysColumn(wire.Name, wire.Days.From, To(wire.Days), wire.Days.Low, wire.Days.High),
        Wire.Derived.DefinitionOneofCase.Recode => new RecodeColumn(
            wire.Name, wire.Recode.Column, [.. wire.Recode.Map.Select(m => new Recoding(m.Label, [.. m.Keys]))], wire.Recode.HasElse ? wire.Recode.Else : null),
        _ => throw new AnalysisException($"derive: '{wire.Name}' has no definition; it is made by bins, ratio, age, days or recode."),
    };

    private static Wire.Interval ToWire(string from, DateSource to, int low, int high)
    {
        var wire = new Wire.Interval { From = from, Low = low, High = high };
        if (to.Column is { } column) wire.ToColumn = column;
        else if (to.Day is { } day) wire.ToDay = day;
        return wire;
    }

    private static DateSource To(Wire.Interval wire) => new(wire.HasToColumn ? wire.ToColumn : null, wire.HasToDay ? wire.ToDay : null);
}
