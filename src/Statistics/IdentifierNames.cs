using System.Text;

namespace SecureAggregation.Statistics;

/// <summary>
/// Tells by its name whether a column may identify a person: the 18 identifier classes of the HIPAA Safe Harbor rule
/// (45 CFR 164.514(b)(2)). A flagged column is dropped or made the person key by a person before an outpost starts; names alone
/// cannot prove that a column is harmless.
/// </summary>
public static class IdentifierNames
{
    private static readonly (string Class, string[] Phrases)[] s_classes =
    [
        ("names", ["name", "full name", "first name", "last name", "given name", "family name", "middle name", "maiden name", "surname", "forename", "patient name", "initials", "fullname", "firstname", "lastname", "nachname", "vorname"]),
        ("geographic subdivisions", ["address", "street", "city", "town", "zip", "zip code", "zipcode", "postcode", "postal code", "county", "parish", "district", "latitude", "longitude", "geocode", "house number"]),
        ("dates", ["birth date", "date of birth", "dob", "birthdate", "birthday", "admission date", "discharge date", "death date", "date of death", "visit date", "date of admission", "date of discharge"]),
        ("telephone numbers", ["phone", "telephone", "mobile", "phone number", "tel", "cellphone"]),
        ("fax numbers", ["fax", "fax number"]),
        ("email addresses", ["email", "e mail", "mail"]),
        ("social security numbers", ["ssn", "social security", "social security number", "citizen id", "national id", "nhs number", "personnummer", "citizenid", "national insurance", "id card", "identity number"]),
        ("medical record numbers", ["mrn", "medical record", "medical record number", "patient id", "patientid", "patient number", "subject id", "chart number", "hospital number", "record number", "person id"]),
        ("health plan beneficiary numbers", ["beneficiary", "health plan", "insurance id", "insurance number", "member id", "policy number", "insurance"]),
        ("account numbers", ["account", "account number", "iban", "bank account", "credit card", "card number"]),
        ("certificate and license numbers", ["license number", "licence number", "certificate number", "driver license", "driving licence", "passport", "passport number", "drivers license", "license", "licence"]),
        ("vehicle identifiers", ["vin", "license plate", "licence plate", "number plate", "vehicle", "registration plate"]),
        ("device identifiers", ["device id", "device serial", "serial number", "imei", "device identifier", "implant serial", "udi"]),
        ("web addresses", ["url", "website", "homepage", "web address"]),
        ("ip addresses", ["ip", "ip address", "mac address", "ipaddress"]),
        ("biometric identifiers", ["fingerprint", "voice print", "voiceprint", "retina scan", "iris scan", "biometric", "genome", "dna"]),
        ("photographs", ["photo", "photograph", "image", "picture", "face", "portrait"]),
        ("other unique identifiers", ["id", "uuid", "guid", "identifier", "unique id", "barcode", "username", "user name", "login", "token", "row id", "rowid"]),
    ];

    /// <summary>
    /// The identifier class that a header belongs to, or null. Case, underscores, hyphens, dots and camel case make no difference;
    /// a phrase counts wherever its words stand together ("patient_full_name"), a single short word only as the whole header or its last
    /// word.
    /// </summary>
    public static string? Flags(string header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var words = Words(header);
        if (words.Length == 0) return null;
        var text = $" {string.Join(' ', words)} ";
        foreach (var (name, phrases) in s_classes)
        {
            foreach (var phrase in phrases)
            {
                // "id" inside "id_type" says little; "patient_id" says all.
                var found = phrase.Length <= 4 && !phrase.Contains(' ')
                    ? text.EndsWith($" {phrase} ", StringComparison.Ordinal) || text.StartsWith($" {phrase} ", StringComparison.Ordinal)
                    : text.Contains($" {phrase} ", StringComparison.Ordinal);
                if (found) return name;
            }
        }

        return null;
    }

    internal static string[] Words(string header)
    {
        var text = new StringBuilder(header.Length + 8);
        for (var i = 0; i < header.Length; i++)
        {
            var c = header[i];
            var split = char.IsUpper(c) && i > 0 && (char.IsLower(header[i - 1]) || (i + 1 < header.Length && char.IsUpper(header[i - 1]) && char.IsLower(header[i + 1])));
            if (split) text.Append(' ');
            text.Append(char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' ');
        }

        return text.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
