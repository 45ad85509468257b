using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SecureAggregation.Accounts;

/// <summary>The file of accounts and keys: JSON, version 1.</summary>
internal sealed record AccountFile(int Version, List<AccountLine> Accounts, List<KeyLine>? Keys)
{
    private const int LargestFile = 4 * 1024 * 1024;

    // A name with a word behind it, as "alice (oidc)"; what an act of the log takes.
    private const int LongestBy = 128;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    public static AccountFile Empty { get; } = new(1, [], null);

    /// <exception cref="AccountException">The file is not such a book.</exception>
    public static AccountFile Read(string path)
    {
        var length = new FileInfo(path).Length;
        if (length > LargestFile) throw new AccountException($"{path} has {length} bytes; a file of accounts has at most {LargestFile}");
        try
        {
            var file = JsonSerializer.Deserialize<AccountFile>(File.ReadAllBytes(path), s_json);
            if (file is not { Version: 1, Accounts: { } lines }) throw new AccountException($"{path} is not a file of accounts of version 1; restore it, or move it away to begin anew");
            foreach (var line in lines) Check(path, line);
            foreach (var line in file.Keys ?? []) Check(path, line);
            if (Twice(lines.Select(l => l.Name)) is { } name) throw new AccountException($"{path} has account {name} twice; remove one");
            return Twice((file.Keys ?? []).Select(k => k.Name)) is { } key ? throw new AccountException($"{path} has key {key} twice; remove one") : file;
        }
        catch (JsonException e)
        {
            throw new AccountException($"{path} is not JSON: {e.Message}", e);
        }
    }

    public void Write(string path) => PrivateFile.Write(path, stream => JsonSerializer.Serialize(stream, this, s_json));

    /// <summary>A hash of a hash, which is in nobody else's hands.</summary>
    public static string Proof(string kept) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(kept)));

    private static void Check(string path, AccountLine? line)
    {
        if (line is null) throw new AccountException($"{path} has an account that is null; restore the file");
        if (AccountRules.WrongName(line.Name ?? "") is { } wrong) throw new AccountException($"{path}: '{line.Name}': {wrong}");
        if (string.IsNullOrEmpty(line.Password) || string.IsNullOrEmpty(line.Stamp)) throw new AccountException($"{path}: account {line.Name} lacks its password's hash or its stamp; restore the file");
        if (Array.Find(line.Roles ?? [""], role => Roles.Find(role) is null) is { } unknown) throw new AccountException($"{path}: account {line.Name}: '{unknown}' is not a role");
        if (AccountRules.WrongStudies(line.Studies) is { } study) throw new AccountException($"{path}: account {line.Name}: {study}");
        if (!Convert.TryFromBase64String(line.Password, new byte[line.Password.Length], out _)) throw new AccountException($"{path}: account {line.Name}: the password's hash is damaged; give it another password");
        if (WrongBy(line.By)) throw new AccountException($"{path}: account {line.Name}: 'by' is a name of at most {LongestBy} characters");
    }

    private static void Check(string path, KeyLine? line)
    {
        if (line is null) throw new AccountException($"{path} has a key that is null; restore the file");
        if (AccountRules.WrongName(line.Name ?? "") is { } wrong) throw new AccountException($"{path}: '{line.Name}': {wrong}");
        if (line.Hash is not { Length: 64 } || !line.Hash.All(char.IsAsciiHexDigitLower) || string.IsNullOrEmpty(line.Stamp)) throw new AccountException($"{path}: key {line.Name} lacks its hash or its stamp; restore the file");
        if (Array.Find(line.May ?? [""], word => Permissions.Find(word) is null) is { } unknown) throw new AccountException($"{path}: key {line.Name}: '{unknown}' is not a permission");
        if (AccountRules.WrongStudies(line.Studies) is { } study) throw new AccountException($"{path}: key {line.Name}: {study}");
        if (line.Expires < DateTimeOffset.UnixEpoch) throw new AccountException($"{path}: key {line.Name} has no end ('expires'), or one before 1970; revoke it and make another");
        if (WrongBy(line.By)) throw new AccountException($"{path}: key {line.Name}: 'by' is a name of at most {LongestBy} characters");
    }

    private static bool WrongBy(string? by) => by is not null && (by.Length > LongestBy || by.Any(char.IsControl));

    private static string? Twice(IEnumerable<string> names) => names.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1)?.Key;
}

/// <summary>An account in the file.</summary>
internal sealed record AccountLine(string Name, string[] Roles, string Password, string Stamp, DateTimeOffset Created, string[]? Studies, string? By)
{
    public override string ToString() => Name;

    public Account Public() => new(Name, [.. Roles.Select(Accounts.Roles.Parse)], Stamp, Created) { Studies = Studies, By = By ?? "", Proof = AccountFile.Proof(Password) };
}

/// <summary>A key in the file: SHA-256 of its text in hexadecimal. It has 256 random bits, so nothing slower is needed.</summary>
internal sealed record KeyLine(string Name, string[] May, string Hash, string Stamp, DateTimeOffset Created, DateTimeOffset Expires, string[]? Studies, string? By)
{
    public override string ToString() => Name;

    public ApiKey Public() => new(Name, [.. May.Select(Permissions.Parse)], Stamp, Created, Expires) { Studies = Studies, By = By ?? "", Proof = AccountFile.Proof(Hash) };
}
