using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class BytesTests
{
    [Fact]
    public void Secret_file_is_read_whole_up_to_its_limit_and_not_beyond()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [.. Enumerable.Range(0, 700).Select(i => (byte)(i % 251))]);
            using var whole = SecretBytes.ReadFile(path, 700);
            Assert.Equal(File.ReadAllBytes(path), whole!.Span.ToArray());
            Assert.Null(SecretBytes.ReadFile(path, 699));
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Throws<FileNotFoundException>(() => SecretBytes.ReadFile(path, 700));
    }

    [Fact]
    public void Secret_is_zeroed_and_refuses_use_after_dispose()
    {
        var secret = SecretBytes.Copy([1, 2, 3]);
        var view = secret.Span;
        secret.Dispose();
        Assert.Equal([0, 0, 0], view.ToArray());
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => secret.FixedTimeEquals([1, 2, 3]));
        Assert.Equal(3, secret.Length);
        secret.Dispose();
    }

    [Fact]
    public void Secrets_of_all_sizes_live_beside_each_other()
    {
        var random = new SeededRandom(16);
        var secrets = Enumerable.Range(0, 700).Select(i => new SecretBytes(i)).ToArray();
        Assert.All(secrets, secret => Assert.True(secret.FixedTimeEquals(new byte[secret.Length])));
        var contents = secrets.Select(secret => random.Bytes(secret.Length)).ToArray();
        for (var i = 0; i < secrets.Length; i++) contents[i].CopyTo(secrets[i].Span);
        for (var i = 0; i < secrets.Length; i += 2) secrets[i].Dispose();
        using var later = new SecretBytes(64);
        later.Span.Fill(1);
        for (var i = 1; i < secrets.Length; i += 2)
        {
            Assert.True(secrets[i].FixedTimeEquals(contents[i]));
            secrets[i].Dispose();
        }
    }

    [Fact]
    public void Secret_prints_as_its_type_and_never_its_contents()
    {
        using var secret = SecretBytes.Copy("canary"u8);
        Assert.Equal("SecretBytes", secret.ToString());
        Assert.Equal("SecretBytes", $"{secret}");
    }

    [Fact]
    public void Secret_compares_by_content_and_length()
    {
        using var secret = SecretBytes.Copy([1, 2, 3]);
        Assert.True(secret.FixedTimeEquals([1, 2, 3]));
        Assert.False(secret.FixedTimeEquals([1, 2, 4]));
        Assert.False(secret.FixedTimeEquals([1, 2]));
    }

    [Fact]
    public void Random_secret_comes_from_the_generator_given()
    {
        using var secret = SecretBytes.Random(40, new SeededRandom(5));
        Assert.True(secret.FixedTimeEquals(new SeededRandom(5).Bytes(40)));
    }

    [Fact]
    public void Public_bytes_compare_and_hash_by_content()
    {
        var set = new HashSet<byte[]>(PublicBytes.Comparer) { new byte[] { 1, 2 } };
        Assert.Contains([1, 2], set);
        Assert.DoesNotContain([1, 3], set);
        Assert.True(PublicBytes.Comparer.Equals(null, null));
        Assert.False(PublicBytes.Comparer.Equals(null, []));
        Assert.False(PublicBytes.Equal([1], [1, 0]));
        Assert.Equal("00ff10", PublicBytes.Hex([0, 255, 16]));
    }
}
