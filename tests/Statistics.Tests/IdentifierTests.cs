namespace SecureAggregation.Statistics.Tests;

public sealed class IdentifierTests
{
    [Theory]
    [InlineData("citizen_id", "social security numbers")]
    [InlineData("FullName", "names")]
    [InlineData("fake_first_name", "names")]
    [InlineData("SSN", "social security numbers")]
    [InlineData("patient-mrn", "medical record numbers")]
    [InlineData("subject_id", "medical record numbers")]
    [InlineData("E-Mail", "email addresses")]
    [InlineData("email_address", "email addresses")]
    [InlineData("phoneNumber", "telephone numbers")]
    [InlineData("home address", "geographic subdivisions")]
    [InlineData("DateOfBirth", "dates")]
    [InlineData("birth_date", "dates")]
    [InlineData("ip_address", "ip addresses")]
    [InlineData("device_serial", "device identifiers")]
    [InlineData("id", "other unique identifiers")]
    [InlineData("Geburtsdatum", "dates")]
    [InlineData("PLZ", "geographic subdivisions")]
    [InlineData("Straße", "geographic subdivisions")]
    [InlineData("Krankenversichertennummer", "health plan beneficiary numbers")]
    [InlineData("prénom", "names")]
    [InlineData("nom_du_patient", "names")]
    [InlineData("date_de_naissance", "dates")]
    [InlineData("numéro de sécurité sociale", "social security numbers")]
    [InlineData("Apellidos", "names")]
    [InlineData("fecha_nacimiento", "dates")]
    [InlineData("código postal", "geographic subdivisions")]
    [InlineData("NHC", "medical record numbers")]
    [InlineData("achternaam", "names")]
    [InlineData("BSN", "social security numbers")]
    [InlineData("geboortedatum", "dates")]
    [InlineData("visit_date", "dates")]
    [InlineData("kenteken", "vehicle identifiers")]
    [InlineData("faxnummer", "fax numbers")]
    [InlineData("kontonummer", "account numbers")]
    [InlineData("paspoort", "certificate and license numbers")]
    [InlineData("homepage", "web addresses")]
    [InlineData("fingerprint_hash", "biometric identifiers")]
    [InlineData("foto", "photographs")]
    [InlineData("age", null)]
    [InlineData("update_interval", null)]
    [InlineData("tumor_grade", null)]
    [InlineData("pan_day", null)]
    [InlineData("restecg", null)]
    [InlineData("time", null)]
    [InlineData("sex", null)]
    [InlineData("trestbps", null)]
    [InlineData("thalach", null)]
    [InlineData("num", null)]
    [InlineData("white_cell_count", null)]
    [InlineData("outcome", null)]
    [InlineData("", null)]
    public void Identifier_names_are_flagged(string header, string? expected) => Assert.Equal(expected, IdentifierNames.Flags(header));

    /// <summary>Published examples of each kind; the last character is a check digit, so that each one next to it is none.</summary>
    [Theory]
    [InlineData("943 476 5919", "NHS number, data dictionary")]
    [InlineData("111222333", "BSN, test number")]
    [InlineData("12345678Z", "DNI")]
    [InlineData("X1234567L", "NIE")]
    [InlineData("811228-9874", "personnummer")]
    [InlineData("131052-308T", "henkilotunnus, with its separator")]
    [InlineData("86095742719", "Steuer-ID")]
    [InlineData("65 170839 J 003", "Rentenversicherungsnummer")]
    [InlineData("A123456780", "Krankenversichertennummer")]
    [InlineData("85.07.30-033.28", "Rijksregisternummer")]
    [InlineData("44051401359", "PESEL")]
    [InlineData("529.982.247-25", "CPF")]
    [InlineData("756.9217.0769.85", "AHV")]
    [InlineData("2 55 08 14 168 025 38", "NIR")]
    [InlineData("RSSMRA85T10A562S", "codice fiscale")]
    public void National_numbers_are_told_by_their_check_digits(string number, string kind)
    {
        Assert.True(Flagged(number), kind);
        // Any other last digit breaks it; some make another country's number.
        var place = number.Length - 1 - (char.IsDigit(number[^1]) ? 0 : char.IsDigit(number[^2]) ? 1 : 2);
        var others = "0123456789".Where(d => d != number[place]).Count(d => Flagged(number[..place] + d + number[(place + 1)..]));
        Assert.InRange(others, 0, 3);

        static bool Flagged(string number) => Find(number, number, number) is { Class: "social security numbers", Reason: var why } && why.Contains("check digit", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("email addresses", "write to ann.lee@clinic.example, please")]
    [InlineData("email addresses", "a@b.de")]
    [InlineData("web addresses", "https://clinic.example/p/1")]
    [InlineData("web addresses", "www.example.org")]
    [InlineData("ip addresses", "192.168.1.17")]
    [InlineData("ip addresses", "fe80::1ff:fe23:4567:890a")]
    [InlineData("ip addresses", "00:1B:44:11:3A:B7")]
    [InlineData("telephone numbers", "+31 6 1234 5678")]
    [InlineData("telephone numbers", "(020) 123-4567")]
    [InlineData("telephone numbers", "555-123-4567")]
    [InlineData("telephone numbers", "0151 2345678")]
    [InlineData("social security numbers", "078-05-1120")]
    [InlineData("dates", "2020-03-01")]
    [InlineData("dates", "1.3.2020")]
    [InlineData("dates", "03/01/2020 14:05")]
    [InlineData("dates", "2020-03-01T14:05:00Z")]
    [InlineData("dates", "20200301")]
    [InlineData("dates", "2020-03")]
    [InlineData("dates", "1 Mar 2020")]
    [InlineData("geographic subdivisions", "1012 AB")]
    [InlineData("geographic subdivisions", "SW1A 1AA")]
    [InlineData("geographic subdivisions", "K1A 0B1")]
    [InlineData("geographic subdivisions", "12345-6789")]
    [InlineData("geographic subdivisions", "01067")]
    [InlineData("geographic subdivisions", "52.3702, 4.8952")]
    [InlineData("names", "Ana María López")]
    [InlineData("names", "Smith, John")]
    [InlineData("names", "Jan van der Berg")]
    [InlineData("names", "A. Müller")]
    [InlineData("account numbers", "DE89 3704 0044 0532 0130 00")]
    [InlineData("account numbers", "GB82WEST12345698765432")]
    [InlineData("account numbers", "4111 1111 1111 1111")]
    [InlineData("vehicle identifiers", "1M8GDM9AXKP042788")]
    [InlineData("device identifiers", "490154203237518")]
    [InlineData("photographs", "IMG_0017.JPG")]
    [InlineData("other unique identifiers", "6f9619ff-8b86-d011-b42d-00c04fc964ff")]
    public void Values_are_told_by_their_form(string expected, string value) => Assert.Equal(expected, Find(value, value, value)?.Class);

    [Theory]
    [InlineData("female", "male")]
    [InlineData("120", "80", "135")]
    [InlineData("0.5", "-1.25", "3e-4")]
    [InlineData("12:30", "08:15")]
    [InlineData("I10", "E11", "J45")]
    [InlineData("typical angina", "non-anginal pain")]
    [InlineData("Typical angina", "Asymptomatic")]
    [InlineData("ST-T abnormality", "left ventricular hypertrophy")]
    [InlineData("2019", "2020")]
    [InlineData("Lev+5FU", "Obs")]
    [InlineData("1.2.3", "2.0")]
    [InlineData("yes", "no", "unknown")]
    [InlineData("12345", "23456", "123", "7")]
    public void Ordinary_values_are_nobodys(params string[] values) => Assert.Null(Find(values));

    [Fact]
    public void Values_that_differ_in_each_row_are_told_from_measurements()
    {
        var random = new Testing.SeededRandom(3);
        int Draw(int most) => (int)(BitConverter.ToUInt32(Bytes()) % most);
        byte[] Bytes()
        {
            var bytes = new byte[4];
            random.GetBytes(bytes);
            return bytes;
        }

        string[] Rows(Func<int, string> value) => [.. Enumerable.Range(0, 500).Select(value)];
        Assert.Equal("medical record numbers", Find(Rows(_ => $"{1_000_000 + Draw(8_999_999)}"))?.Class);
        Assert.Equal("medical record numbers", Find(Rows(_ => $"{Draw(8_999_999):00000000}"))?.Class);
        Assert.Equal("device identifiers", Find(Rows(_ => $"SN{Draw(8_999_999):X6}-{Draw(99)}"))?.Class);
        Assert.Equal("other unique identifiers", Find(Rows(i => $"{i + 1}"))?.Class);
        Assert.Equal("other unique identifiers", Find(Rows(i => $"came at {i} with pain"))?.Class);
        Assert.Null(Find(Rows(_ => $"{Draw(300)}")));
        Assert.Null(Find(Rows(_ => $"{Draw(100_000) / 100.0}")));
        Assert.Null(Find(Rows(_ => $"stage {Draw(4)}")));
        // A column of ten random digits: some pass the check digits of some country by chance, but not most.
        Assert.DoesNotContain("check", Find(Rows(_ => $"{4_000_000_000 + (5L * Draw(999_999_999))}"))!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Declared_columns_are_judged_by_what_cannot_be_meant()
    {
        var dates = new IdentifierScan();
        dates.See("2020-03-01");
        Assert.NotNull(dates.Finding());
        Assert.Null(dates.Finding(ColumnType.Date));
        var platelets = new IdentifierScan();
        for (var i = 0; i < 100; i++) platelets.See($"{150_000 + (i * 1009)}");
        Assert.NotNull(platelets.Finding());
        Assert.Null(platelets.Finding(ColumnType.Integer));
        var numbers = new IdentifierScan();
        for (var i = 0; i < 3; i++) numbers.See("111222333");
        Assert.NotNull(numbers.Finding(ColumnType.Integer));
        Assert.Null(new IdentifierScan().Finding());
    }

    private static IdentifierFinding? Find(params string[] values)
    {
        var scan = new IdentifierScan();
        foreach (var value in values) scan.See(value);
        return scan.Finding();
    }
}
