using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace SecureAggregation.Dashboard.Blazor.Model.Evidence;

/// <summary>One field of a message, for a table.</summary>
/// <param name="Depth">How deep it is nested.</param>
/// <param name="Name">As the contract names it, with its place in a list.</param>
/// <param name="Value">A number, a text, the beginning of bytes in hexadecimal digits; empty of a message, whose fields follow.</param>
/// <param name="Bytes">How many bytes it has; null of what has no length of its own.</param>
internal sealed record MessageField(int Depth, string Name, string Value, int? Bytes)
{
    public bool IsHex => Bytes is not null && Value.Length > 0;
}

/// <summary>Any message of the contract as rows, by reflection: what is not in the log cannot come to be shown.</summary>
internal static class MessageFields
{
    /// <summary>Elements of a list that are shown; of long ones the table says how many follow.</summary>
    public const int MaxElements = 24;
    private const int MaxBytes = 64;
    private const int MaxDepth = 4;

    public static IReadOnlyList<MessageField> Of(IMessage message)
    {
        var rows = new List<MessageField>();
        Add(rows, message, 0);
        return rows;
    }

    private static void Add(List<MessageField> rows, IMessage message, int depth)
    {
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            var value = field.Accessor.GetValue(message);
            if (!field.IsRepeated)
            {
                if (value is not null) Add(rows, field.Name, value, depth);
                continue;
            }

            var elements = ((System.Collections.IEnumerable)value).Cast<object>().ToList();
            if (field.FieldType is FieldType.UInt32 or FieldType.UInt64)
            {
                rows.Add(new MessageField(depth, field.Name, elements.Count == 0 ? "none" : string.Join(", ", elements.Take(MaxElements)) + More(elements.Count), null));
                continue;
            }

            if (elements.Count == 0) rows.Add(new MessageField(depth, field.Name, "none", null));
            for (var i = 0; i < Math.Min(elements.Count, MaxElements); i++) Add(rows, $"{field.Name} {i + 1} of {elements.Count}", elements[i], depth);
            if (elements.Count > MaxElements) rows.Add(new MessageField(depth, field.Name, $"and {elements.Count - MaxElements} more", null));
        }
    }

    private static void Add(List<MessageField> rows, string name, object value, int depth)
    {
        switch (value)
        {
            case IMessage nested:
                rows.Add(new MessageField(depth, name, "", null));
                if (depth < MaxDepth) Add(rows, nested, depth + 1);
                break;
            case ByteString bytes:
                rows.Add(new MessageField(depth, name, Convert.ToHexStringLower(bytes.Span[..Math.Min(bytes.Length, MaxBytes)]) + (bytes.Length > MaxBytes ? "…" : ""), bytes.Length));
                break;
            case Enum number:
                rows.Add(new MessageField(depth, name, $"{Convert.ToInt32(number, System.Globalization.CultureInfo.InvariantCulture)} {number}", null));
                break;
            default:
                rows.Add(new MessageField(depth, name, value is string { Length: 0 } ? "empty" : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "", null));
                break;
        }
    }

    private static string More(int count) => count > MaxElements ? $" and {count - MaxElements} more" : "";
}
