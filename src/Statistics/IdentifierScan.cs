using System.Globalization;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>Why a column may identify persons.</summary>
/// <param name="Class">The class of the HIPAA Safe Harbor rule.</param>
/// <param name="Reason">What the values look like; no value is in it.</param>
public sealed record IdentifierFinding(string Class, string Reason);

/// <summary>
/// Tells by a look at a column's values whether it may identify persons, for the 18 identifier classes of the HIPAA Safe Harbor rule
/// (45 CFR 164.514(b)(2)) as far as values show it: photographs, fingerprints and genomes have no form that a table's field would have.
/// What it sees it forgets: it counts forms, and keeps short hashes to know how many values differ. It can be wrong both ways; a
/// person decides.
/// </summary>
public sealed class IdentifierScan
{
    private const int FewestToJudge = 5;

    /// <summary>Forms with the least share of values and the least number that must have it. Check digits pass by chance, so most must.</summary>
    private static readonly Rule[] s_rules =
    [
        new(ValueShape.Email, 0.02, 1, IdentifierNames.Emails, "values hold e-mail addresses"),
        new(ValueShape.WebAddress, 0.05, 1, IdentifierNames.WebAddresses, "values are web addresses"),
        new(ValueShape.SocialSecurity, 0.2, 1, IdentifierNames.SocialSecurity, "values have the form of social security numbers"),
        new(ValueShape.Picture, 0.2, 1, IdentifierNames.Photographs, "values are image files"),
        new(ValueShape.IpAddress, 0.5, 1, IdentifierNames.IpAddresses, "values are network addresses"),
        new(ValueShape.Vehicle, 0.8, 2, IdentifierNames.Vehicles, "values have the form and check digit of vehicle numbers"),
        new(ValueShape.Date, 0.5, 1, IdentifierNames.Dates, "values are dates finer than a year"),
        new(ValueShape.Position, 0.5, 1, IdentifierNames.Geographic, "values are positions on the map"),
        new(ValueShape.Account, 0.8, 3, IdentifierNames.Accounts, "values have the form and check digits of bank accounts or cards"),
        new(ValueShape.NationalNumber, 0.8, 3, IdentifierNames.SocialSecurity, "values have the form and check digit of a national or health number"),
        new(ValueShape.Device, 0.8, 3, IdentifierNames.Devices, "values have the form and check digit of device numbers"),
        new(ValueShape.Postcode, 0.5, 1, IdentifierNames.Geographic, "values have the form of postcodes"),
        new(ValueShape.Phone, 0.5, 1, IdentifierNames.Telephones, "values have the form of telephone numbers"),
        new(ValueShape.UniqueCode, 0.5, 1, IdentifierNames.Others, "values are unique codes"),
        new(ValueShape.PersonName, 0.5, 2, IdentifierNames.Names, "values look like names of persons"),
    ];

    private readonly int[] _hits = new int[s_rules.Length];
    private readonly HashSet<int> _distinct = [];
    private int _seen;
    private int _texts;
    private int _codes;
    private int _leadingZeros;
    private int _shortest = int.MaxValue;
    private int _longest;
    private bool _allDigits = true;
    private bool _counting = true;
    private double _last = double.NaN;

    /// <summary>Looks at a value; an empty one, and words such as "NA", tell nothing.</summary>
    public void See(ReadOnlySpan<char> field)
    {
        field = field.Trim();
        if (field.IsEmpty || MissingWords.Contains(field)) return;
        _seen++;
        _distinct.Add(string.GetHashCode(field, StringComparison.Ordinal));
        (_shortest, _longest) = (Math.Min(_shortest, field.Length), Math.Max(_longest, field.Length));
        _allDigits &= NationalNumbers.Digits(field);
        if (ValueShapes.HasLeadingZero(field)) _leadingZeros++;
        if (double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            _counting &= double.IsNaN(_last) || number == _last + 1;
            _last = number;
        }
        else
        {
            _texts++;
            if (IsCode(field)) _codes++;
        }

        var shape = ValueShapes.Of(field);
        if (shape == ValueShape.None) return;
        for (var i = 0; i < s_rules.Length; i++)
        {
            if ((shape & s_rules[i].Shape) != ValueShape.None) _hits[i]++;
        }
    }

    /// <summary>What the values look like, or null if they look like nobody's.</summary>
    /// <param name="use">What the schema takes the column for; null if it does not use it. Labels of a category are public by a person's
    /// decision, and so is that a column holds dates.</param>
    public IdentifierFinding? Finding(ColumnType? use = null)
    {
        if (_seen == 0 || use is ColumnType.Category or ColumnType.Date) return null;
        for (var i = 0; i < s_rules.Length; i++)
        {
            var rule = s_rules[i];
            if (_hits[i] >= rule.Fewest && _hits[i] >= rule.Share * _seen) return new IdentifierFinding(rule.Class, rule.Reason);
        }

        // What a person has declared to be a number with a meaning may well differ in each row.
        return use is null ? FindingOfForm() : null;
    }

    private IdentifierFinding? FindingOfForm()
    {
        var oneLength = _shortest == _longest;
        if (_allDigits && oneLength && _longest is 4 or 5 && _leadingZeros > 0) return new(IdentifierNames.Geographic, "values have the form of postcodes");
        if (_allDigits && _leadingZeros > 0 && _longest > 5) return new(IdentifierNames.MedicalRecords, "values are numbers with zeros in front, as records have");
        if (_seen < FewestToJudge) return null;
        var unlike = (double)_distinct.Count / _seen;
        if (_texts == 0 && _counting) return new(IdentifierNames.Others, "values count the rows");
        if (_allDigits && oneLength && _longest > 5 && unlike > 0.95) return new(IdentifierNames.MedicalRecords, "values are long numbers of one length, another in each row");
        if (_texts < 0.5 * _seen) return null;
        if (_codes > 0.8 * _texts && unlike > 0.8) return new(IdentifierNames.Devices, "values are serial numbers or codes, another in nearly each row");
        return _distinct.Count > 20 && unlike > 0.5 ? new(IdentifierNames.Others, "values are text, another in most rows") : null;
    }

    /// <summary>One word of six characters or more with a letter and a digit.</summary>
    private static bool IsCode(ReadOnlySpan<char> f)
    {
        var (letters, digits) = (0, 0);
        foreach (var c in f)
        {
            if (char.IsAsciiLetter(c)) letters++;
            else if (char.IsAsciiDigit(c)) digits++;
            else if (c is not ('-' or '_' or '/' or '.' or ':' or '(' or ')')) return false;
        }

        return f.Length >= 6 && letters > 0 && digits > 1;
    }

    private readonly record struct Rule(ValueShape Shape, double Share, int Fewest, string Class, string Reason);
}
