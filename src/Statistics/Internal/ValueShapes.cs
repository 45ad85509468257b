using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SecureAggregation.Statistics.Internal;

/// <summary>What one field looks like; a field may look like several things.</summary>
[Flags]
internal enum ValueShape
{
    None = 0,
    Email = 1,
    WebAddress = 2,
    IpAddress = 4,
    Phone = 8,
    SocialSecurity = 16,
    NationalNumber = 32,
    Account = 64,
    Vehicle = 128,
    Device = 256,
    Picture = 512,
    Date = 1024,
    Postcode = 2048,
    Position = 4096,
    PersonName = 8192,
    UniqueCode = 16384,
}

/// <summary>Tells forms of fields that point at persons: by punctuation, by check digits, by being dates. It keeps nothing.</summary>
internal static class ValueShapes
{
    private const int LongestCode = 34;

    private static readonly SearchValues<char> s_phone = SearchValues.Create("0123456789 +()-./");

    private static readonly SearchValues<char> s_domainEnds = SearchValues.Create(" ,;>)\t");

    private static readonly string[] s_pictures = [".jpg", ".jpeg", ".png", ".tif", ".tiff", ".dcm", ".heic", ".bmp"];

    /// <summary>Dates finer than a year, with or without a time behind.</summary>
    private static readonly string[] s_dates =
    [
        "yyyy-M-d", "yyyy/M/d", "yyyy.M.d", "yyyyMMdd", "d.M.yyyy", "d.M.yy", "d/M/yyyy", "M/d/yyyy", "d/M/yy", "M/d/yy", "d-M-yyyy", "M-d-yyyy",
        "yyyy-MM", "MM/yyyy", "MM.yyyy", "d MMM yyyy", "MMM d yyyy", "MMM d, yyyy", "dMMMyyyy", "d-MMM-yyyy", "d-MMM-yy", "d MMMM yyyy", "MMMM d, yyyy",
    ];

    /// <summary>Letters a, digits d.</summary>
    private static readonly HashSet<string> s_postcodes =
        ["dddd aa", "ddddaa", "ada dad", "adadad", "ddddd-dddd", "ad daa", "add daa", "aad daa", "aadd daa", "ada daa", "aada daa", "a-ddddd", "aa-dddd", "aa-ddddd", "ddd dd"];

    public static ValueShape Of(ReadOnlySpan<char> field)
    {
        var f = field.Trim();
        if (f.Length < 4) return ValueShape.None;
        var shape = ValueShape.None;
        if (HasEmail(f)) shape |= ValueShape.Email;
        if (IsWebAddress(f)) shape |= ValueShape.WebAddress;
        if (IsNetworkAddress(f)) shape |= ValueShape.IpAddress;
        if (EndsWithAny(f, s_pictures) || f.StartsWith("data:image", StringComparison.OrdinalIgnoreCase)) shape |= ValueShape.Picture;
        if (IsDate(f)) shape |= ValueShape.Date;
        if (IsPosition(f)) shape |= ValueShape.Position;
        if (IsPersonName(f)) shape |= ValueShape.PersonName;
        if (Guid.TryParse(f, out _) || IsHash(f)) shape |= ValueShape.UniqueCode;
        if (IsPhone(f) && shape == ValueShape.None) shape |= ValueShape.Phone;
        return shape | OfCode(f);
    }

    /// <summary>Whether digits are written that a number does not have: "00123".</summary>
    public static bool HasLeadingZero(ReadOnlySpan<char> f) => f.Length > 1 && f[0] == '0' && NationalNumbers.Digits(f);

    private static ValueShape OfCode(ReadOnlySpan<char> f)
    {
        if (f.Length > 2 * LongestCode) return ValueShape.None;
        Span<char> code = stackalloc char[f.Length];
        Span<char> pattern = stackalloc char[f.Length];
        var length = 0;
        for (var i = 0; i < f.Length; i++)
        {
            var c = char.ToUpperInvariant(f[i]);
            pattern[i] = char.IsAsciiDigit(c) ? 'd' : char.IsAsciiLetterUpper(c) ? 'a' : c;
            if (pattern[i] is 'd' or 'a') code[length++] = c;
            else if (c is not (' ' or '-' or '.' or '/' or '+')) return ValueShape.None;
        }

        code = code[..length];
        var shape = ValueShape.None;
        if (IsSocialSecurity(pattern, code)) shape |= ValueShape.SocialSecurity;
        if (NationalNumbers.IsPersonal(code)) shape |= ValueShape.NationalNumber;
        if (NationalNumbers.Iban(code) || IsCard(code)) shape |= ValueShape.Account;
        if (NationalNumbers.Vehicle(code)) shape |= ValueShape.Vehicle;
        if (length == 15 && NationalNumbers.Digits(code) && NationalNumbers.Luhn(code)) shape |= ValueShape.Device;
        if (s_postcodes.Contains(pattern.ToString())) shape |= ValueShape.Postcode;
        return shape;
    }

    private static bool HasEmail(ReadOnlySpan<char> f)
    {
        var at = f.IndexOf('@');
        if (at < 1 || !(char.IsLetterOrDigit(f[at - 1]) || f[at - 1] is '_' or '-' or '.')) return false;
        var domain = f[(at + 1)..];
        var end = domain.IndexOfAny(s_domainEnds);
        if (end >= 0) domain = domain[..end];
        var dot = domain.LastIndexOf('.');
        return dot > 0 && dot < domain.Length - 2 && char.IsLetter(domain[^1]);
    }

    private static bool IsWebAddress(ReadOnlySpan<char> f) =>
        f.Contains("://", StringComparison.Ordinal) || f.StartsWith("www.", StringComparison.OrdinalIgnoreCase);

    private static bool IsNetworkAddress(ReadOnlySpan<char> f)
    {
        // The parser takes "12" and times of day too.
        if (IPAddress.TryParse(f, out var address) && (address.AddressFamily == AddressFamily.InterNetwork ? f.Count('.') == 3 : f.Count(':') > 2)) return true;
        if (f.Length != 17) return false;
        for (var i = 0; i < f.Length; i++)
        {
            if (i % 3 == 2 ? f[i] is not (':' or '-') : !char.IsAsciiHexDigit(f[i])) return false;
        }

        return true;
    }

    private static bool IsPhone(ReadOnlySpan<char> f)
    {
        if (f.ContainsAnyExcept(s_phone)) return false;
        var digits = 0;
        foreach (var c in f) digits += char.IsAsciiDigit(c) ? 1 : 0;
        if (digits is < 9 or > 15) return false;
        // "0612345678", "+31 6 1234 5678", "(020) 123-4567", "555-123-4567"
        return f[0] is '+' or '0' or '(' || (digits == 10 && f.Length == 12 && f[3] == f[7] && f[3] is '-' or '.' or ' ');
    }

    private static bool IsSocialSecurity(ReadOnlySpan<char> pattern, ReadOnlySpan<char> code) =>
        pattern is "ddd-dd-dddd" && code[..3] is not ("000" or "666") && code[0] != '9' && code[3..5] is not "00" && code[5..] is not "0000";

    private static bool IsCard(ReadOnlySpan<char> code) =>
        NationalNumbers.Digits(code) && NationalNumbers.Luhn(code) && code.Length switch
        {
            13 => code[0] == '4',
            14 or 15 => code[0] == '3',
            16 => code[0] is >= '2' and <= '6',
            19 => code[0] is '4' or '6',
            _ => false,
        };

    private static bool IsDate(ReadOnlySpan<char> f)
    {
        // Most fields are short numbers, and to try all forms takes microseconds.
        if (f.Length is < 6 or > 40) return false;
        var digits = 0;
        foreach (var c in f) digits += char.IsAsciiDigit(c) ? 1 : 0;
        if (digits < 4 || (digits == f.Length && digits != 8)) return false;
        var day = f;
        var time = f.IndexOf('T') is > 7 and var t ? t : f.IndexOf(':') > 0 ? f[..f.IndexOf(':')].LastIndexOf(' ') : -1;
        if (time > 0) day = f[..time];
        return DateTime.TryParseExact(day.TrimEnd(), s_dates, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date.Year is >= 1850 and < 2150;
    }

    /// <summary>"52.3702, 4.8952": latitude and longitude with three decimals or more.</summary>
    private static bool IsPosition(ReadOnlySpan<char> f)
    {
        var comma = f.IndexOfAny(",;");
        return comma > 0 && IsDegree(f[..comma], 90) && IsDegree(f[(comma + 1)..], 180);

        static bool IsDegree(ReadOnlySpan<char> text, double most)
        {
            text = text.Trim();
            return text.IndexOf('.') is >= 0 and var dot && text.Length - dot > 3
                && double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var degrees) && Math.Abs(degrees) <= most;
        }
    }

    /// <summary>Two to four words that begin with a capital, go on in small letters, and hold letters only: "Ana María López", "López, Ana".</summary>
    private static bool IsPersonName(ReadOnlySpan<char> f)
    {
        if (f.Length > 60 || !char.IsUpper(f[0])) return false;
        var (words, capitals) = (0, 0);
        foreach (var part in f.Split(' '))
        {
            var word = f[part].TrimEnd(",.");
            if (word.IsEmpty) return false;
            var small = 0;
            for (var i = 0; i < word.Length; i++)
            {
                if (!char.IsLetter(word[i]) && word[i] is not ('-' or '\'' or '’')) return false;
                if (char.IsLower(word[i])) small++;
            }

            words++;
            // "de", "van der" stand between; initials have no small letters.
            if (char.IsUpper(word[0]) && (small > 0 || word.Length <= 2)) capitals++;
            else if (small != word.Length || word.Length > 3) return false;
        }

        return words is >= 2 and <= 5 && capitals >= 2;
    }

    private static bool IsHash(ReadOnlySpan<char> f)
    {
        if (f.Length is not (32 or 40 or 64 or 128)) return false;
        foreach (var c in f)
        {
            if (!char.IsAsciiHexDigit(c)) return false;
        }

        return true;
    }

    private static bool EndsWithAny(ReadOnlySpan<char> f, string[] ends)
    {
        foreach (var end in ends)
        {
            if (f.EndsWith(end, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
