namespace SecureAggregation.Crypto.Tests;

public sealed class SecretRowsTests
{
    [Fact]
    public void Rows_keep_their_contents_while_the_table_grows()
    {
        using var rows = new SecretRows<int>(3);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(i, rows.Count);
            var row = rows.Add();
            Assert.Equal([0, 0, 0], row.ToArray());
            row.Fill(i);
        }

        for (var i = 0; i < 100; i++) Assert.Equal([i, i, i], rows[i].ToArray());
    }

    [Fact]
    public void What_is_given_up_is_zeroed()
    {
        using var rows = new SecretRows<byte>(16);
        var outgrown = rows.Add();
        outgrown.Fill(1);
        var last = rows.Add();
        last.Fill(2);
        Assert.Equal(new byte[16], outgrown.ToArray());
        rows.Dispose();
        Assert.Equal(new byte[16], last.ToArray());
        Assert.Equal(0, rows.Count);
    }
}
