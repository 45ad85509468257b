using System.Globalization;
using System.Text;

namespace SecureAggregation.Statistics;

/// <summary>
/// Tells by its name whether a column may identify a person: the 18 identifier classes of the HIPAA Safe Harbor rule
/// (45 CFR 164.514(b)(2)), in English, German, French, Spanish and Dutch. A flagged column is dropped or made the person key by a person before an
/// outpost starts; names alone cannot prove that a column is harmless, so <see cref="IdentifierScan"/> looks at values too.
/// </summary>
public static class IdentifierNames
{
    internal const string Names = "names";
    internal const string Geographic = "geographic subdivisions";
    internal const string Dates = "dates";
    internal const string Telephones = "telephone numbers";
    internal const string Faxes = "fax numbers";
    internal const string Emails = "email addresses";
    internal const string SocialSecurity = "social security numbers";
    internal const string MedicalRecords = "medical record numbers";
    internal const string HealthPlans = "health plan beneficiary numbers";
    internal const string Accounts = "account numbers";
    internal const string Licences = "certificate and license numbers";
    internal const string Vehicles = "vehicle identifiers";
    internal const string Devices = "device identifiers";
    internal const string WebAddresses = "web addresses";
    internal const string IpAddresses = "ip addresses";
    internal const string Biometrics = "biometric identifiers";
    internal const string Photographs = "photographs";
    internal const string Others = "other unique identifiers";

    /// <summary>The class that holds dates finer than a year: a column of it may answer queries if the schema declares it to be dates.</summary>
    public const string DateClass = Dates;

    /// <summary>The narrower classes first: an e-mail address is an address, a mobile number a number. Accents are left out.</summary>
    private static readonly (string Class, string[] Phrases)[] s_classes =
    [
        (Emails, ["email", "e mail", "mail", "correo", "correo electronico", "courriel", "emailadres", "mailadresse"]),
        (WebAddresses, ["url", "website", "homepage", "web address", "webseite", "sitio web", "site web"]),
        (IpAddresses, ["ip", "ip address", "mac address", "ipaddress", "ip adresse", "ip adres", "direccion ip", "adresse ip"]),
        (Telephones,
        [
            "phone", "telephone", "mobile", "phone number", "tel", "cellphone", "telefon", "telefonnummer", "handy", "handynummer", "mobilnummer", "rufnummer", "telefono", "movil",
            "telefoon", "telefoonnummer", "mobiel",
        ]),
        (Faxes, ["fax", "fax number", "faxnummer", "telefax", "telecopie"]),
        (Names,
        [
            "name", "full name", "first name", "last name", "given name", "family name", "middle name", "maiden name", "surname", "forename", "patient name", "initials", "fullname",
            "firstname", "lastname", "nachname", "vorname", "familienname", "geburtsname", "initialen", "nom", "prenom", "prenoms", "nom naissance", "nombre", "nombres", "apellido",
            "apellidos", "naam", "voornaam", "achternaam", "voorletters",
        ]),
        (Dates,
        [
            "birth date", "date of birth", "dob", "birthdate", "birthday", "admission date", "discharge date", "death date", "date of death", "visit date", "date of admission",
            "date of discharge", "date", "datetime", "timestamp", "datum", "geburtsdatum", "geburtstag", "geb", "aufnahmedatum", "entlassungsdatum", "entlassdatum", "sterbedatum",
            "todesdatum", "fecha", "nacimiento", "defuncion", "date naissance", "date de naissance", "ddn", "geboortedatum", "opnamedatum", "ontslagdatum", "overlijdensdatum",
        ]),
        (Geographic,
        [
            "address", "street", "city", "town", "zip", "zip code", "zipcode", "postcode", "postal code", "county", "parish", "district", "latitude", "longitude", "geocode",
            "house number", "adresse", "anschrift", "strasse", "hausnummer", "plz", "postleitzahl", "wohnort", "gemeinde", "landkreis", "code postal", "rue", "ville",
            "commune", "direccion", "domicilio", "calle", "ciudad", "codigo postal", "municipio", "provincia", "adres", "straat", "huisnummer", "woonplaats", "gemeente",
        ]),
        (SocialSecurity,
        [
            "ssn", "social security", "social security number", "citizen id", "national id", "nhs number", "personnummer", "citizenid", "national insurance", "id card",
            "identity number", "sozialversicherungsnummer", "svnr", "sv nummer", "rentenversicherungsnummer", "ahv nummer", "ahv", "steuer id", "securite sociale", "numero nir",
            "numero securite sociale", "seguridad social", "dni", "nif", "bsn", "burgerservicenummer", "rijksregisternummer", "codice fiscale", "cpf", "pesel",
        ]),
        (MedicalRecords,
        [
            "mrn", "medical record", "medical record number", "patient id", "patientid", "patient number", "subject id", "chart number", "hospital number", "record number", "person id",
            "patientennummer", "patienten id", "patientenid", "pat nr", "patnr", "fallnummer", "fall id", "aufnahmenummer", "ipp", "numero dossier", "dossier patient", "numero patient",
            "historia clinica", "nhc", "nuhsa", "numero historia", "patientnummer", "patient nummer", "dossiernummer",
        ]),
        (HealthPlans,
        [
            "beneficiary", "health plan", "insurance id", "insurance number", "member id", "policy number", "insurance", "versichertennummer", "krankenversichertennummer", "kvnr",
            "versicherungsnummer", "versichertennr", "carte vitale", "mutuelle", "numero assure", "tarjeta sanitaria", "numero afiliado", "poliza", "polisnummer", "verzekeringsnummer",
        ]),
        (Accounts, ["account", "account number", "iban", "bank account", "credit card", "card number", "kontonummer", "bankverbindung", "kreditkarte", "compte bancaire", "cuenta bancaria", "numero cuenta", "rekeningnummer"]),
        (Licences,
        [
            "license number", "licence number", "certificate number", "driver license", "driving licence", "passport", "passport number", "drivers license", "license", "licence",
            "fuhrerschein", "fuehrerschein", "reisepass", "passnummer", "personalausweis", "ausweisnummer", "permis conduire", "passeport", "pasaporte", "permiso conducir", "paspoort", "rijbewijs",
        ]),
        (Vehicles, ["vin", "license plate", "licence plate", "number plate", "vehicle", "registration plate", "kennzeichen", "fahrgestellnummer", "immatriculation", "matricula", "bastidor", "kenteken"]),
        (Devices, ["device id", "device serial", "serial number", "imei", "device identifier", "implant serial", "udi", "seriennummer", "geratenummer", "geraetenummer", "numero serie", "numero de serie", "serienummer"]),
        (Biometrics, ["fingerprint", "voice print", "voiceprint", "retina scan", "iris scan", "biometric", "genome", "dna", "fingerabdruck", "empreinte digitale", "huella dactilar", "huella digital", "vingerafdruk"]),
        (Photographs, ["photo", "photograph", "image", "picture", "face", "portrait", "foto", "lichtbild", "gesicht", "visage", "imagen", "afbeelding"]),
        (Others, ["id", "uuid", "guid", "identifier", "unique id", "barcode", "username", "user name", "login", "token", "row id", "rowid", "kennung", "benutzername", "identifiant", "identificador", "usuario", "gebruikersnaam"]),
    ];

    /// <summary>
    /// The identifier class that a header belongs to, or null. Case, accents, underscores, hyphens, dots and camel case make no difference;
    /// a phrase counts wherever its words stand together ("patient_full_name"), a single short word only as the first or last word.
    /// </summary>
    public static string? Flags(string header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var words = Words(Plain(header));
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

    /// <summary>Without the accents of western languages, and without marks that stand beside their letter. The runtime's own normal forms need a
    /// library that outposts run without.</summary>
    private static string Plain(string header)
    {
        const string From = "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝ";
        const string To = "aaaaaaceeeeiiiinoooooouuuuyyAAAAAACEEEEIIIINOOOOOOUUUUY";
        var text = new StringBuilder(header.Length);
        foreach (var c in header)
        {
            var at = From.IndexOf(c, StringComparison.Ordinal);
            if (at >= 0) text.Append(To[at]);
            else if (c == 'ß') text.Append("ss");
            else if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark) text.Append(c);
        }

        return text.ToString();
    }
}
