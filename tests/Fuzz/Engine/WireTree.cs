using Google.Protobuf;

namespace SecureAggregation.Fuzz.Engine;

/// <summary>
/// Protobuf's encoding as a tree of fields, without a schema: a field of bytes that reads as a message is taken for one, so that bodies inside of
/// envelopes inside of entries are changed too, and all lengths around them fit again.
/// </summary>
internal sealed class WireTree
{
    private const int Deepest = 12;
    private const int MostNodes = 4096;
    private const int Longest = 64 * 1024;

    private readonly List<Field> _fields;

    private WireTree(List<Field> fields) => _fields = fields;

    /// <summary>A message with some of its fields changed.</summary>
    /// <param name="draw">Chance.</param>
    /// <param name="bytes">The message.</param>
    /// <param name="harsh">Whether the encoding itself is broken too; else a strict decoder may take it.</param>
    public static byte[] Mutated(Draw draw, byte[] bytes, bool harsh)
    {
        if (Read(bytes, 0) is not { } tree) return Mutation.Changed(draw, bytes);
        for (var times = draw.OneIn(3) ? draw.Below(4) : 0; times >= 0; times--) tree.Change(draw, harsh);
        var changed = tree.ToBytes();
        return changed.Length <= Math.Max(Longest, bytes.Length) ? changed : bytes;
    }

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        foreach (var field in _fields) field.WriteTo(stream);
        return stream.ToArray();
    }

    /// <summary>Null if the bytes are no fields to their end.</summary>
    private static WireTree? Read(ReadOnlySpan<byte> bytes, int depth)
    {
        var fields = new List<Field>();
        while (!bytes.IsEmpty)
        {
            if (fields.Count > MostNodes || !TryVarint(ref bytes, out var tag) || tag >> 3 is 0 or > 536870911) return null;
            var field = new Field { Number = tag >> 3, Type = (int)(tag & 7) };
            switch (field.Type)
            {
                case 0 when TryVarint(ref bytes, out var value):
                    field.Value = value;
                    break;
                case 1 or 5 when bytes.Length >= (field.Type == 1 ? 8 : 4):
                    field.Bytes = bytes[..(field.Type == 1 ? 8 : 4)].ToArray();
                    bytes = bytes[field.Bytes.Length..];
                    break;
                case 2 when TryVarint(ref bytes, out var length) && length <= (ulong)bytes.Length:
                    field.Bytes = bytes[..(int)length].ToArray();
                    bytes = bytes[(int)length..];
                    if (length > 1 && depth < Deepest) field.Inner = Read(field.Bytes, depth + 1);
                    break;
                default:
                    return null;
            }

            fields.Add(field);
        }

        return new WireTree(fields);
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < 9; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            bytes = bytes[(i + 1)..];
            return true;
        }

        return false;
    }

    /// <summary>Changes one field, anywhere in the tree.</summary>
    private void Change(Draw draw, bool harsh)
    {
        if (_fields.Count == 0)
        {
            _fields.Add(Unknown(draw));
            return;
        }

        var at = draw.Below(_fields.Count);
        var field = _fields[at];
        if (field.Inner is { } inner && !draw.OneIn(4))
        {
            inner.Change(draw, harsh);
            return;
        }

        if (harsh) Break(draw, at, field);
        else Vary(draw, at, field);
    }

    private void Vary(Draw draw, int at, Field field)
    {
        switch (draw.Below(8))
        {
            case 0: _fields.RemoveAt(at); break;
            case 1: _fields.Insert(at, field.Clone()); break;
            case 2: (_fields[at], _fields[^1]) = (_fields[^1], _fields[at]); break;
            default: field.Vary(draw); break;
        }
    }

    private void Break(Draw draw, int at, Field field)
    {
        switch (draw.Below(9))
        {
            case 0: _fields.Insert(at, Unknown(draw)); break;
            case 1: field.Type = draw.Below(8); break;
            case 2: field.Number = draw.OneIn(2) ? (ulong)draw.Below(24) : draw.Number() & 0x1FFFFFFF; break;
            case 3: field.LongerTag = 1 + draw.Below(10); break;
            case 4: field.LongerValue = 1 + draw.Below(10); break;
            case 5: field.DeclaredLength = draw.Number(); break;
            case 6: field.Nest(draw.OneIn(3) ? 200 : 1 + draw.Below(20)); break;
            // Copies each of its own: of one field in many places, a later change that repeats something inside would be repeated in all of them.
            case 7:
                var copies = 1 + draw.Below(Math.Max(1, Math.Min(draw.OneIn(5) ? 2000 : 5, Longest / (1 + field.Size))));
                _fields.AddRange(Enumerable.Range(0, copies).Select(_ => field.Clone()));
                break;
            default: field.Vary(draw); break;
        }
    }

    private static Field Unknown(Draw draw) => draw.OneIn(2)
        ? new Field { Number = 1 + (ulong)draw.Below(3000), Type = 0, Value = draw.Number() }
        : new Field { Number = 1 + (ulong)draw.Below(3000), Type = 2, Bytes = draw.Bytes(draw.Below(40)) };

    private sealed class Field
    {
        public ulong Number { get; set; }

        public int Type { get; set; }

        public ulong Value { get; set; }

        public byte[] Bytes { get; set; } = [];

        public WireTree? Inner { get; set; }

        /// <summary>Bytes by which the varint of the tag, or of value or length, is longer than it need be.</summary>
        public int LongerTag { get; set; }

        public int LongerValue { get; set; }

        public ulong? DeclaredLength { get; set; }

        public int Size => Inner?._fields.Sum(f => f.Size) ?? Bytes.Length;

        public Field Clone() => new() { Number = Number, Type = Type, Value = Value, Bytes = Inner?.ToBytes() ?? Bytes };

        public void Vary(Draw draw)
        {
            if (Type == 0)
            {
                Value = draw.OneIn(3) ? Math.Max(Value, 1) - 1 : draw.OneIn(3) ? Value == ulong.MaxValue ? 0 : Value + 1 : draw.Number();
                return;
            }

            var bytes = Inner?.ToBytes() ?? Bytes;
            Inner = null;
            Bytes = Type != 2 ? BitConverter.GetBytes(draw.Number())[..(Type == 5 ? 4 : 8)] : draw.Below(5) switch
            {
                0 => draw.Word(),
                1 => draw.Bytes(bytes.Length),
                2 => draw.Bytes(draw.Below(70)),
                _ => Mutation.Changed(draw, bytes),
            };
        }

        /// <summary>The field inside of itself, again and again.</summary>
        public void Nest(int times)
        {
            for (; times > 0; times--)
            {
                var copy = new Field { Number = Number, Type = 2, Bytes = Bytes, Inner = Inner };
                (Type, Bytes, Inner) = (2, [], new WireTree([copy]));
            }
        }

        public void WriteTo(Stream stream)
        {
            stream.Write(Draw.Varint((Number << 3) | (uint)Type, LongerTag));
            if (Type == (int)WireFormat.WireType.Varint) stream.Write(Draw.Varint(Value, LongerValue));
            if (Type is 1 or 5) stream.Write(Bytes);
            if (Type != 2) return;
            var bytes = Inner?.ToBytes() ?? Bytes;
            stream.Write(Draw.Varint(DeclaredLength ?? (ulong)bytes.Length, LongerValue));
            stream.Write(bytes);
        }
    }
}
