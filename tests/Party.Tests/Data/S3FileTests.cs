using System.Text;
using Amazon.Runtime;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Tests.Data;

/// <summary>The real SDK against a store on this machine that checks each signature.</summary>
public sealed class S3FileTests : IDisposable
{
    private const string AccessKey = "AKIAIOSFODNN7EXAMPLE";
    private const string SecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    private static readonly RemoteLimits s_limits = new() { Retry = TimeSpan.Zero };

    private readonly FileServer _store = new(request => SignatureV4.IsValid(request, AccessKey, SecretKey, "eu-central-1") ? 200 : 403)
    {
        Content = Encoding.UTF8.GetBytes("age\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i % 100 + 100}\n"))),
    };

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Object_is_read_with_a_signature_that_the_store_accepts()
    {
        using var file = File("2024/heart rows ä.csv");
        var source = new RemoteCsv(file, CsvForm.Default, s_limits);
        Assert.Equal("s3://clinic/2024/heart rows ä.csv", source.Name);
        Assert.Equal(["age"], source.ReadHeader(CancellationToken.None));
        using var table = source.Open(TestSelection.Everything, CancellationToken.None);
        Assert.Equal(20_000, Count(table));
        Assert.All(_store.Requests, r => Assert.StartsWith("/clinic/2024/heart rows", Uri.UnescapeDataString(r.Path), StringComparison.Ordinal));
    }

    [Fact]
    public void Broken_connection_is_gone_on_with_by_a_signed_range_of_the_same_version()
    {
        _store.BreakAfter = 30_000;
        using var file = File("heart.csv");
        using var table = new RemoteCsv(file, CsvForm.Default, s_limits).Open(TestSelection.Everything, CancellationToken.None);
        Assert.Equal(20_000, Count(table));
        Assert.Equal(["", "bytes=30000-", "bytes=60000-"], _store.Requests.Select(r => r.Range));
    }

    [Fact]
    public void Object_that_changes_between_is_refused()
    {
        _store.BreakAfter = 70_000;
        _store.BeforeRange = () => _store.Content = Encoding.UTF8.GetBytes("age\n" + new string('1', 200_000));
        using var file = File("heart.csv");
        using var table = new RemoteCsv(file, CsvForm.Default, s_limits).Open(TestSelection.Everything, CancellationToken.None);
        Assert.Contains("changed while it was read", Assert.Throws<DataSourceException>(() => Count(table)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_secret_is_refused_and_not_told()
    {
        using var file = File("heart.csv", SecretKey + "x");
        var error = Assert.Throws<DataSourceException>(() => new RemoteCsv(file, CsvForm.Default, s_limits).ReadHeader(CancellationToken.None));
        Assert.Contains("s3:GetObject", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("EXAMPLEKEY", error.ToString(), StringComparison.Ordinal);
    }

    private static int Count(ITable table)
    {
        var rows = 0;
        while (table.Read()) rows++;
        return rows;
    }

    private S3File File(string key, string secret = SecretKey) => new(
        new S3Options { Bucket = "clinic", Key = key, Endpoint = _store.Address.ToString(), Region = "eu-central-1" }, new BasicAWSCredentials(AccessKey, secret));
}
