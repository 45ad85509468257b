using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace SecureAggregation.Statistics.Internal;

/// <summary>DatasetSchema and its columns to and from canonical bytes.</summary>
internal static class SchemaCodec
{
    private const int MaxEncodedLength = 1 << 20;

    public static byte[] Encode(DatasetSchema schema)
    {
        var wire = new Wire.DatasetSchema { Name = schema.Name, Description = schema.Description, RowRule = (Wire.RowRule)schema.RowRule, Owner = schema.Owner, Access = (Wire.DatasetAccess)schema.Access };
        wire.Columns.AddRange(schema.Columns.Select(ToWire));
        return wire.ToByteArray();
    }

    public static DatasetSchema Decode(ReadOnlySpan<byte> bytes)
    {
        var wire = Parse(Wire.DatasetSchema.Parser, Wire.DatasetSchema.Descriptor, bytes, MaxEncodedLength, "dataset schema");
        var schema = new DatasetSchema(wire.Name, wire.Description, (RowRule)wire.RowRule, [.. wire.Columns.Select(FromWire)], wire.Owner, (DatasetAccess)wire.Access);
        RequireCanonical(schema.Encode(), bytes, "dataset schema");
        return schema;
    }

    public static Wire.Column ToWire(SchemaColumn column)
    {
        var wire = new Wire.Column { Name = column.Name, Type = (Wire.ColumnType)column.Type, Unit = column.Unit, Description = column.Description };
        if (column.Low is { } low) wire.Low = low;
        if (column.High is { } high) wire.High = high;
        if (column.Resolution is { } resolution) wire.Resolution = resolution;
        if (column.TopCode is { } topCode) wire.TopCode = topCode;
        wire.Categories.AddRange(column.Categories);
        return wire;
    }

    public static SchemaColumn FromWire(Wire.Column wire) => new(wire.Name, (ColumnType)wire.Type)
    {
        Unit = wire.Unit,
        Description = wire.Description,
        Low = wire.HasLow ? wire.Low : null,
        High = wire.HasHigh ? wire.High : null,
        Resolution = wire.HasResolution ? wire.Resolution : null,
        TopCode = wire.HasTopCode ? wire.TopCode : null,
        Categories = [.. wire.Categories],
    };

    /// <summary>Size before anything is allocated; unknown fields are dropped here and noticed by <see cref="RequireCanonical"/>.</summary>
    public static T Parse<T>(MessageParser<T> parser, MessageDescriptor type, ReadOnlySpan<byte> bytes, int maxLength, string what)
        where T : IMessage<T>
    {
        if (bytes.Length > maxLength) throw new AnalysisException($"The encoded {what} has {bytes.Length} bytes; at most {maxLength}.");
        try
        {
            OneofRule.Require(type, bytes, what);
            return parser.WithDiscardUnknownFields(true).ParseFrom(bytes);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or IndexOutOfRangeException or ArgumentException)
        {
            // Lengths that overflow are stopped by arrays and spans, not by the parser itself.
            throw new AnalysisException(
                $"The encoded {what} is malformed; it must be a protobuf message of protos/secagg/v1/analysis.proto.", e);
        }
    }

    public static void RequireCanonical(byte[] again, ReadOnlySpan<byte> bytes, string what)
    {
        if (bytes.IndexOf(again) != 0 || bytes.Length != again.Length)
        {
            throw new AnalysisException(
                $"The encoded {what} is not in canonical form (unknown fields, another order, or another number form); "
                + "encode it with this version's Encode.");
        }
    }
}
