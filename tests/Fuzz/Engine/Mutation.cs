using System.Text;

namespace SecureAggregation.Fuzz.Engine;

/// <summary>Ways to make an input from another.</summary>
internal static class Mutation
{
    private const int Longest = 64 * 1024;

    /// <summary>Blind: bits, blocks, numbers and words, one to six times.</summary>
    public static byte[] OfBytes(Draw draw) => Changed(draw, draw.Seed);

    /// <summary>Of a protobuf message: half the time by its fields, with lengths that fit again, else blind.</summary>
    public static byte[] OfMessage(Draw draw) => draw.Below(4) switch
    {
        0 => OfBytes(draw),
        1 => WireTree.Mutated(draw, draw.Seed, harsh: true),
        _ => WireTree.Mutated(draw, draw.Seed, harsh: false),
    };

    /// <summary>Of lines of text: by lines and words, else blind.</summary>
    public static byte[] OfText(Draw draw)
    {
        if (draw.OneIn(8)) return OfBytes(draw);
        var lines = Encoding.UTF8.GetString(draw.Seed).Split('\n').ToList();
        for (var times = draw.Below(4); times >= 0; times--) ChangeLine(draw, lines);
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        return draw.OneIn(6) ? Changed(draw, bytes) : bytes;
    }

    /// <summary>Some bytes, changed blindly.</summary>
    public static byte[] Changed(Draw draw, byte[] bytes)
    {
        for (var times = draw.OneIn(3) ? draw.Below(6) : 0; times >= 0; times--) bytes = Once(draw, bytes);
        return bytes.Length <= Longest ? bytes : bytes[..Longest];
    }

    private static byte[] Once(Draw draw, byte[] bytes)
    {
        if (bytes.Length == 0) return draw.OneIn(2) ? draw.NumberBytes() : draw.Word();
        var at = draw.Below(bytes.Length);
        var (head, tail) = (bytes[..at], bytes[at..]);
        var length = 1 + draw.Below(Math.Min(tail.Length, draw.OneIn(4) ? 256 : 16));
        switch (draw.Below(13))
        {
            case 0 or 1:
                var flipped = (byte[])bytes.Clone();
                flipped[at] ^= (byte)(1 << draw.Below(8));
                return flipped;
            case 2: return head;
            case 3: return [.. head, .. tail[length..]];
            case 4: return [.. head, .. tail[..length], .. tail];
            case 5: return [.. head, .. draw.NumberBytes(), .. tail];
            case 6: return Over(head, draw.NumberBytes(), tail);
            case 7: return [.. head, .. draw.Word(), .. tail];
            case 8: return Over(head, draw.Word(), tail);
            case 9:
                var other = draw.Seed;
                return [.. head, .. other[draw.Below(other.Length + 1)..]];
            case 10: return Over(head, draw.Bytes(length), tail);
            case 11:
                var block = tail[..length];
                return [.. head, .. Enumerable.Repeat(block, 1 + draw.Below(draw.OneIn(8) ? 512 : 8)).SelectMany(b => b).Take(16 * 1024), .. tail];
            default: return Over(head, new byte[length], tail);
        }
    }

    private static byte[] Over(byte[] head, byte[] middle, byte[] tail) => [.. head, .. middle, .. tail[Math.Min(middle.Length, tail.Length)..]];

    private static void ChangeLine(Draw draw, List<string> lines)
    {
        var at = draw.Below(lines.Count);
        var line = lines[at];
        switch (draw.Below(9))
        {
            case 0:
                if (lines.Count > 1) lines.RemoveAt(at);
                break;
            case 1: lines.Insert(draw.Below(lines.Count + 1), line); break;
            case 2: (lines[at], lines[^1]) = (lines[^1], lines[at]); break;
            case 3: lines[at] = new string(' ', draw.Below(6)) + line.TrimStart(); break;
            case 4: lines[at] = line[..draw.Below(line.Length + 1)] + Text(draw) + line[draw.Below(line.Length + 1)..]; break;
            case 5:
                var other = Encoding.UTF8.GetString(draw.Seed).Split('\n');
                lines.Insert(at, other[draw.Below(other.Length)]);
                break;
            case 6: lines[at] = string.Concat(Enumerable.Repeat(Text(draw), 1 + draw.Below(draw.OneIn(10) ? 3000 : 4))) + line; break;
            default: lines[at] = Reword(draw, line); break;
        }
    }

    /// <summary>One word of a line is another.</summary>
    private static string Reword(Draw draw, string line)
    {
        var starts = Enumerable.Range(0, line.Length).Where(i => char.IsLetterOrDigit(line[i]) && (i == 0 || !char.IsLetterOrDigit(line[i - 1]))).ToList();
        if (starts.Count == 0) return line + Text(draw);
        var start = starts[draw.Below(starts.Count)];
        var end = start;
        while (end < line.Length && char.IsLetterOrDigit(line[end])) end++;
        return line[..start] + Text(draw) + line[end..];
    }

    private static string Text(Draw draw) => draw.Below(5) switch
    {
        0 => draw.Number().ToString(),
        1 => "-" + draw.Number(),
        _ => Encoding.UTF8.GetString(draw.Word()),
    };
}
