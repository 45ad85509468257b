using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SecureAggregation.Crypto;

namespace SecureAggregation.Cli;

/// <summary>
/// An invitation with a one-time code (docs/adr/0029). The code, twelve words, goes to the invited person directly; the answer, with the public key, may travel by anybody: it
/// bears a MAC under the code, so that whoever carries it cannot put another key in. The words are 132 random bits and need no stretching.
/// </summary>
/// <param name="Name">Whom it is for, as in the roster.</param>
/// <param name="Role">party, coordinator, auditor or station.</param>
/// <param name="Expires">Until when it is taken.</param>
/// <param name="Key">What the MAC is made with, as text; secret, made from the words.</param>
internal sealed record Invitation(string Name, string Role, DateTimeOffset Expires, string Key)
{
    public const int Words = 12;

    private const string Heading = "secagg invitation 1";
    private const string AnswerHeading = "secagg join 1";
    private const int LargestFile = 4096;
    private const int LongestName = 64;

    public static IReadOnlyList<string> Roles { get; } = ["party", "coordinator", "auditor", "station"];

    /// <summary>An invitation and its words, which are told once and kept nowhere.</summary>
    public static (Invitation Invitation, string Code) Make(string name, string role, DateTimeOffset expires)
    {
        CheckName(name);
        var random = RandomNumberGenerator.GetBytes(32);
        var code = Fingerprint.Phrase(random, Words);
        CryptographicOperations.ZeroMemory(random);
        return (new Invitation(name, role, expires, KeyOf(code)), code);
    }

    /// <summary>Throws if an answer with this name and code could be nobody's: before a key is made for it.</summary>
    /// <exception cref="CliException">The name or the code cannot be one.</exception>
    public static void Check(string name, string code)
    {
        CheckName(name);
        _ = KeyOf(code);
    }

    /// <summary>What an invited person sends back.</summary>
    public static string Answer(string name, string role, string code, string publicPem, IdentityPublicKey key)
    {
        CheckName(name);
        return $"{AnswerHeading}\nname: {name}\nrole: {role}\nmac: {Mac(KeyOf(code), name, role, key)}\n{publicPem.Trim()}\n";
    }

    /// <summary>The public key of an answer to this invitation.</summary>
    /// <exception cref="CliException">It is none, or its key is not the one that was sent.</exception>
    public IdentityPublicKey Open(string path, DateTimeOffset now)
    {
        if (now > Expires) throw new CliException(ExitCode.BadInput, $"the invitation of {Name} was good until {Expires:u}; make another one with `secagg invite`");
        var key = KeyFiles.ReadPublic(path);
        var mac = Field(Lines(path, AnswerHeading), "mac", path);
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(mac), Encoding.UTF8.GetBytes(Mac(Key, Name, Role, key))))
            throw new CliException(ExitCode.Failed, $"{path} was not made with the code that {Name} was given, or was changed on its way: nothing was taken. Ask {Name} on another way whether the code was typed rightly");
        return key;
    }

    /// <summary>The name that an answer bears.</summary>
    public static string NameOf(string path)
    {
        var name = Field(Lines(path, AnswerHeading), "name", path);
        CheckName(name);
        return name;
    }

    public static Invitation Read(string path)
    {
        var lines = Lines(path, Heading);
        return DateTimeOffset.TryParse(Field(lines, "expires", path), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expires)
            ? new Invitation(Field(lines, "name", path), Field(lines, "role", path), expires, Field(lines, "key", path))
            : throw new CliException(ExitCode.BadInput, $"{path} is damaged: its line 'expires' is no time; make the invitation anew");
    }

    /// <summary>For its owner only: with the key in it anybody could answer.</summary>
    public void Write(string path)
    {
        using var writer = new StreamWriter(OwnersFile.Open(path, FileMode.CreateNew));
        writer.Write(string.Create(CultureInfo.InvariantCulture, $"{Heading}\nname: {Name}\nrole: {Role}\nexpires: {Expires:u}\nkey: {Key}\n"));
    }

    /// <summary>The name alone: with the key anybody could answer.</summary>
    public override string ToString() => Name;

    private static string KeyOf(string code)
    {
        var words = code.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != Words) throw new CliException(ExitCode.BadInput, $"the code has {words.Length} words; an invitation's has {Words}");
        // The other words are nobody's to read over a shoulder; this one is wrong.
        if (Array.FindIndex(words, w => !Fingerprint.Has(w.ToLowerInvariant())) is >= 0 and var wrong)
            throw new CliException(ExitCode.BadInput, $"word {wrong + 1} of the code, '{words[wrong]}', is in no code; ask whoever invites you to spell it");
        using var hash = new LabelHash("invitation");
        return Convert.ToHexStringLower(hash.Field(Encoding.UTF8.GetBytes(string.Join(' ', words).ToLowerInvariant())).Finish());
    }

    private static string Mac(string key, string name, string role, IdentityPublicKey publicKey)
    {
        using var hash = new LabelHash("invitation-answer");
        var said = hash.Field(Encoding.UTF8.GetBytes(name)).Field(Encoding.UTF8.GetBytes(role)).Field(publicKey.Point).Finish();
        return Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.ASCII.GetBytes(key), said));
    }

    /// <summary>Names become files, and NAME=KEY.pub where a roster is drafted: what a roster takes, and no separators.</summary>
    /// <exception cref="CliException">It cannot be one.</exception>
    public static void CheckName(string name)
    {
        if (name.Length is 0 or > LongestName || name != name.Trim() || name[0] == '.' || name.Any(c => char.IsControl(c) || c is '/' or '\\' or ':' or '='))
            throw new CliException(ExitCode.BadInput, $"the name '{name}' must have 1 to {LongestName} characters, without '/', '\\', ':', '=' or blanks at its ends, and not begin with a dot");
    }

    private static string[] Lines(string path, string heading)
    {
        var lines = SmallFile.Text(path, "join", LargestFile, $"{path} does not exist").Split('\n', StringSplitOptions.TrimEntries);
        return lines[0] == heading ? lines : throw new CliException(ExitCode.BadInput, $"{path} does not begin with '{heading}'; is it the right file?");
    }

    private static string Field(string[] lines, string name, string path) =>
        lines.FirstOrDefault(l => l.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..]
        ?? throw new CliException(ExitCode.BadInput, $"{path} has no line '{name}: …'; is it whole?");
}
