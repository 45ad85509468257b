namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Numbers that a state or a health service gives to one person, told by their check digits: of random numbers of the same form one in ten to
/// one in a hundred pass, so a column in which most do is one of them. Fields come without separators, letters in capitals.
/// </summary>
internal static class NationalNumbers
{
    private const string SpanishLetters = "TRWAGMYFPDXBNJZSQVHLCKE";
    private const string FinnishLetters = "0123456789ABCDEFHJKLMNPRSTUVWXY";

    /// <summary>Whether a field is a number of one of the kinds that are known here.</summary>
    public static bool IsPersonal(ReadOnlySpan<char> f) => f.Length switch
    {
        9 => Shape(f, "dddddddda") ? Spanish(f) : Shape(f, "addddddda") ? SpanishResident(f) : Digits(f) && Dutch(f),
        10 => Digits(f) ? British(f) || (Luhn(f) && Day(f[2..4], f[4..6])) : Shape(f, "addddddddd") ? GermanInsured(f) : Shape(f, "dddddddddx") && Finnish(f),
        11 => Digits(f) && (GermanTax(f) || Belgian(f) || Polish(f) || Brazilian(f)),
        12 => Shape(f, "ddddddddaddd") ? GermanPension(f) : Digits(f) && Luhn(f[2..]) && Day(f[4..6], f[6..8]),
        13 => Digits(f) && (Thai(f) || Swiss(f)),
        15 => French(f),
        16 => Italian(f),
        _ => false,
    };

    /// <summary>The check digit of payment cards and device numbers (ISO/IEC 7812-1).</summary>
    public static bool Luhn(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var d = digits[^(i + 1)] - '0';
            sum += i % 2 == 0 ? d : d > 4 ? (2 * d) - 9 : 2 * d;
        }

        return sum % 10 == 0;
    }

    /// <summary>The two check digits of a bank account (ISO 13616): the fifth character on, then the first four, is 1 modulo 97.</summary>
    public static bool Iban(ReadOnlySpan<char> f)
    {
        if (f.Length is < 15 or > 34 || !Shape(f[..4], "aadd")) return false;
        var rest = 0;
        for (var i = 0; i < f.Length; i++)
        {
            var c = f[(i + 4) % f.Length];
            if (!char.IsAsciiLetterUpper(c) && !char.IsAsciiDigit(c)) return false;
            rest = char.IsAsciiDigit(c) ? ((rest * 10) + c - '0') % 97 : ((rest * 100) + c - 'A' + 10) % 97;
        }

        return rest == 1;
    }

    /// <summary>The check character of a vehicle (ISO 3779 as the United States require it).</summary>
    public static bool Vehicle(ReadOnlySpan<char> f)
    {
        if (f.Length != 17 || Digits(f)) return false;
        ReadOnlySpan<int> weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
        ReadOnlySpan<int> letters = [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9];
        var sum = 0;
        for (var i = 0; i < 17; i++)
        {
            var c = f[i];
            if (c is 'I' or 'O' or 'Q' || (!char.IsAsciiLetterUpper(c) && !char.IsAsciiDigit(c))) return false;
            sum += weights[i] * (char.IsAsciiDigit(c) ? c - '0' : letters[c - 'A']);
        }

        return f[8] == (sum % 11 is 10 ? 'X' : (char)('0' + (sum % 11)));
    }

    public static bool Digits(ReadOnlySpan<char> f) => f.Length > 0 && !f.ContainsAnyExceptInRange('0', '9');

    private static bool Dutch(ReadOnlySpan<char> f) => f[0..2] is not "00" && Weighted(f, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0;

    private static bool British(ReadOnlySpan<char> f) => Weighted(f, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0;

    private static bool Spanish(ReadOnlySpan<char> f) => f[8] == SpanishLetters[(int)(Value(f[..8]) % 23)];

    private static bool SpanishResident(ReadOnlySpan<char> f) =>
        f[0] is 'X' or 'Y' or 'Z' && f[8] == SpanishLetters[(int)((((f[0] - 'X') * 10_000_000L) + Value(f[1..8])) % 23)];

    /// <summary>The letter counts as its two-digit place in the alphabet; then every second digit is doubled, and digits are added.</summary>
    private static bool GermanInsured(ReadOnlySpan<char> f)
    {
        var place = f[0] - 'A' + 1;
        Span<char> digits = [(char)('0' + (place / 10)), (char)('0' + (place % 10)), .. f[1..9]];
        return f[9] - '0' == CrossSums(digits, [1, 2]) % 10;
    }

    private static bool GermanPension(ReadOnlySpan<char> f)
    {
        var place = f[8] - 'A' + 1;
        Span<char> digits = [.. f[..8], (char)('0' + (place / 10)), (char)('0' + (place % 10)), .. f[9..11]];
        return f[11] - '0' == CrossSums(digits, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10;
    }

    /// <summary>ISO/IEC 7064, MOD 11,10.</summary>
    private static bool GermanTax(ReadOnlySpan<char> f)
    {
        var product = 10;
        for (var i = 0; i < 10; i++)
        {
            var sum = (f[i] - '0' + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
        }

        return f[0] != '0' && f[10] - '0' == (11 - product) % 10;
    }

    private static bool Belgian(ReadOnlySpan<char> f)
    {
        var (first, check) = (Value(f[..9]), Value(f[9..]));
        // From 2000 on with a 2 in front.
        return Day(f[2..4], f[4..6]) && (97 - (first % 97) == check || 97 - ((2_000_000_000 + first) % 97) == check);
    }

    private static bool Polish(ReadOnlySpan<char> f) => (f[2] - '0') % 2 * 10 + f[3] - '0' is >= 1 and <= 12 && Weighted(f, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0;

    private static bool Brazilian(ReadOnlySpan<char> f)
    {
        var first = Weighted(f[..9], [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10 % 11 % 10;
        var second = Weighted(f[..10], [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10 % 11 % 10;
        return f.ContainsAnyExcept(f[0]) && f[9] - '0' == first && f[10] - '0' == second;
    }

    private static bool Thai(ReadOnlySpan<char> f) =>
        f[0] != '0' && f[12] - '0' == (11 - (Weighted(f[..12], [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10;

    private static bool Swiss(ReadOnlySpan<char> f) => f.StartsWith("756") && Weighted(f, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 == 0;

    /// <summary>Corsica's departments are 2A and 2B; they count as 19 and 18.</summary>
    private static bool French(ReadOnlySpan<char> f)
    {
        if (f[0] is < '1' or > '8') return false;
        Span<char> digits = [.. f];
        if (f[6] is 'A' or 'B') (digits[5], digits[6]) = ('1', f[6] == 'A' ? '9' : '8');
        return Digits(digits) && 97 - (Value(digits[..13]) % 97) == Value(digits[13..]);
    }

    private static bool Italian(ReadOnlySpan<char> f)
    {
        if (!Shape(f, "aaaaaaxxaxxaxxxa")) return false;
        ReadOnlySpan<int> odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
        var sum = 0;
        for (var i = 0; i < 15; i++)
        {
            var value = char.IsAsciiDigit(f[i]) ? f[i] - '0' : f[i] - 'A';
            sum += i % 2 == 0 ? odd[value] : value;
        }

        return f[15] == 'A' + (sum % 26);
    }

    private static bool Finnish(ReadOnlySpan<char> f) => Day(f[2..4], f[..2]) && f[9] == FinnishLetters[(int)(Value(f[..9]) % 31)];

    /// <summary>A month and a day of it, roughly; later months and days by 20 or 40 are other centuries' or countries' marks.</summary>
    private static bool Day(ReadOnlySpan<char> month, ReadOnlySpan<char> day) => Value(month) % 20 is >= 1 and <= 12 && Value(day) % 60 is >= 1 and <= 31;

    private static long Value(ReadOnlySpan<char> digits)
    {
        var value = 0L;
        foreach (var d in digits) value = (value * 10) + d - '0';
        return value;
    }

    private static int Weighted(ReadOnlySpan<char> digits, ReadOnlySpan<int> weights)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++) sum += (digits[i] - '0') * weights[i];
        return sum;
    }

    private static int CrossSums(ReadOnlySpan<char> digits, ReadOnlySpan<int> weights)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var product = (digits[i] - '0') * weights[i % weights.Length];
            sum += (product / 10) + (product % 10);
        }

        return sum;
    }

    /// <summary>d a digit, a a capital, x either.</summary>
    private static bool Shape(ReadOnlySpan<char> f, string shape)
    {
        if (f.Length != shape.Length) return false;
        for (var i = 0; i < f.Length; i++)
        {
            var fits = shape[i] switch
            {
                'd' => char.IsAsciiDigit(f[i]),
                'a' => char.IsAsciiLetterUpper(f[i]),
                _ => char.IsAsciiDigit(f[i]) || char.IsAsciiLetterUpper(f[i]),
            };
            if (!fits) return false;
        }

        return true;
    }
}
