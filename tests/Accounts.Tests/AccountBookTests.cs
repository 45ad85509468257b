using System.Security.Cryptography;
using SecureAggregation.Testing;

namespace SecureAggregation.Accounts.Tests;

public sealed class AccountBookTests : IDisposable
{
    private const string Password = "four words nobody links";
    private readonly string _folder = Directory.CreateTempSubdirectory("accounts").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly RandomNumberGenerator _random = new SeededRandom(7);

    private string File_ => Path.Combine(_folder, "sub", "accounts.json");

    public void Dispose()
    {
        _random.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Account_is_found_again_by_a_new_process_under_any_case()
    {
        var made = Book().Add("Ada", Password, [Role.Auditor, Role.Admin, Role.Admin]);
        Assert.Equal([Role.Admin, Role.Auditor], made.Roles);
        var again = Book();
        Assert.Equal("Ada", again.Check("ADA", Password)!.Name);
        Assert.Null(again.Check("Ada", Password + "!"));
        Assert.Null(again.Check("Bob", Password));
        Assert.True(again.Stands("ada", made.Stamp));
    }

    [Fact]
    public void File_is_its_owners_alone_and_holds_no_password()
    {
        Book().Add("Ada", Password, [Role.Admin]);
        Assert.DoesNotContain(Password, File.ReadAllText(File_));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File_));
    }

    [Fact]
    public void Hash_is_pbkdf2_of_sha512_as_another_implementation_computes_it()
    {
        Book().Add("Ada", Password, [Role.Admin]);
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(File_));
        var hash = Convert.FromBase64String(json.RootElement.GetProperty("accounts")[0].GetProperty("password").GetString()!);
        // Identity's format 3: 1, then PRF, iterations and salt length as big-endian words, the salt, the subkey.
        Assert.Equal([1, 0, 0, 0, 2], hash[..5]);
        Assert.Equal(210_000, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(5)));
        Assert.Equal(Rfc2898DeriveBytes.Pbkdf2(Password, hash[13..29], 210_000, HashAlgorithmName.SHA512, 32), hash[29..]);
    }

    [Fact]
    public void New_password_and_new_roles_end_the_sessions()
    {
        var book = Book();
        var first = book.Add("Ada", Password, [Role.Admin]);
        var second = book.SetPassword("ada", "another four of words");
        Assert.False(book.Stands("Ada", first.Stamp));
        Assert.Null(book.Check("Ada", Password));
        var third = book.SetRoles("Ada", [Role.Admin, Role.Coordinator]);
        Assert.False(book.Stands("Ada", second.Stamp));
        Assert.True(book.Stands("Ada", third.Stamp));
        Assert.Equal("Ada", book.Check("Ada", "another four of words")!.Name);
    }

    [Fact]
    public void Somebody_can_always_administer()
    {
        var book = Book();
        Assert.Throws<AccountException>(() => book.Add("Eve", Password, [Role.Analyst]));
        book.Add("Ada", Password, [Role.Admin]);
        book.Add("Eve", Password, [Role.Analyst]);
        Assert.Throws<AccountException>(() => book.Remove("Ada"));
        Assert.Throws<AccountException>(() => book.SetRoles("Ada", [Role.Auditor]));
        book.SetRoles("Eve", [Role.Admin]);
        book.Remove("Ada");
        Assert.Equal(["Eve"], Book().All.Select(a => a.Name));
    }

    [Theory]
    [InlineData("Ada", "short", "at least 12")]
    [InlineData("Ada", "aaaaaaaaaaaaaaaa", "five different")]
    [InlineData("adalovelace", "my adalovelace pass", "name")]
    [InlineData("", "four words nobody links", "1 to 64")]
    [InlineData("a b", "four words nobody links", "letters")]
    public void Rule_that_is_broken_is_named(string name, string password, string rule) =>
        Assert.Contains(rule, Assert.Throws<AccountException>(() => Book().Add(name, password, [Role.Admin])).Message);

    [Fact]
    public void Name_is_taken_once_and_roles_must_be_some()
    {
        var book = Book();
        book.Add("Ada", Password, [Role.Admin]);
        Assert.Contains("already", Assert.Throws<AccountException>(() => book.Add("ADA", Password, [Role.Admin])).Message);
        Assert.Contains("at least one role", Assert.Throws<AccountException>(() => book.SetRoles("Ada", [])).Message);
        Assert.Contains("no account Bob", Assert.Throws<AccountException>(() => book.SetPassword("Bob", Password)).Message);
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("{\"version\":2,\"accounts\":[]}", "version 1")]
    [InlineData("{\"version\":1,\"accounts\":[{\"name\":\"a b\",\"roles\":[\"admin\"],\"password\":\"eA==\",\"stamp\":\"y\"}]}", "letters")]
    [InlineData("{\"version\":1,\"accounts\":[{\"name\":\"a\",\"roles\":[\"king\"],\"password\":\"eA==\",\"stamp\":\"y\"}]}", "'king' is not a role")]
    [InlineData("{\"version\":1,\"accounts\":[{\"name\":\"a\",\"roles\":[\"admin\"]}]}", "lacks its password")]
    [InlineData("{\"version\":1,\"accounts\":[{\"name\":\"a\",\"roles\":[\"admin\"],\"password\":\"eA==\",\"stamp\":\"y\"},{\"name\":\"A\",\"roles\":[\"admin\"],\"password\":\"eA==\",\"stamp\":\"y\"}]}", "twice")]
    [InlineData("{\"version\":1,\"accounts\":[{\"name\":\"a\",\"roles\":[\"admin\"],\"password\":\"x!\",\"stamp\":\"y\"}]}", "hash is damaged")]
    [InlineData("{\"version\":1,\"accounts\":[{\"name\":\"a\",\"roles\":[\"admin\"],\"password\":\"eA==\",\"stamp\":\"y\",\"by\":\"x\\ny\"}]}", "'by' is a name")]
    public void Damaged_file_is_refused_by_name(string text, string rule)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File_)!);
        File.WriteAllText(File_, text);
        var message = Assert.Throws<AccountException>(Book).Message;
        Assert.Contains(rule, message);
        Assert.Contains(File_, message);
    }

    [Fact]
    public void File_that_cannot_be_read_any_more_is_said_so_and_changes_nothing()
    {
        var book = Book();
        book.Add("Ada", Password, [Role.Admin]);
        File.Move(File_, File_ + ".away");
        // Stands for a file of another user, which a test that runs as root could read.
        File.CreateSymbolicLink(File_, File_);

        Assert.Contains("chown", Assert.Throws<AccountException>(() => book.Reload()).Message);
        Assert.NotNull(book.Find("Ada"));
        Assert.Contains("chown", Assert.Throws<AccountException>(Book).Message);
    }

    [Fact]
    public void Lock_is_its_owners_alone_and_one_that_cannot_be_taken_is_said_so()
    {
        var book = Book();
        book.Add("Ada", Password, [Role.Admin]);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File_ + ".lock"));
        File.Delete(File_ + ".lock");
        Directory.CreateDirectory(File_ + ".lock");

        Assert.Contains(".lock cannot be written", Assert.Throws<AccountException>(() => book.SetRoles("Ada", [Role.Admin, Role.Auditor])).Message);
    }

    private AccountBook Book() => AccountBook.Open(File_, _random, _time);
}
