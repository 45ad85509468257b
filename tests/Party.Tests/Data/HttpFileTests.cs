using System.Net;
using System.Text;
using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Tests.Data;

public sealed class HttpFileTests : IDisposable
{
    private const string Secret = "Zoe-Quill-4711";

    private static readonly RemoteLimits s_limits = new() { Retry = TimeSpan.Zero };

    private readonly FileServer _server = new() { Content = Encoding.UTF8.GetBytes(Rows(20_000)) };

    public void Dispose() => _server.Dispose();

    [Fact]
    public void File_is_read_with_its_header_and_progress()
    {
        var source = Source("/heart.csv");
        Assert.Equal(["age"], source.ReadHeader(CancellationToken.None));
        using var table = source.Open(TestSelection.Everything, CancellationToken.None);
        Assert.Equal(20_000, Count(table));
        Assert.Equal(100, table.Percent);
        Assert.Contains("/heart.csv', line", table.Place, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_connection_is_gone_on_with_where_it_broke()
    {
        _server.BreakAfter = 30_000;
        using var table = Source("/heart.csv").Open(TestSelection.Everything, CancellationToken.None);
        Assert.Equal(20_000, Count(table));
        Assert.Equal(["", "bytes=30000-", "bytes=60000-"], _server.Requests.Select(r => r.Range));
    }

    [Fact]
    public void File_that_changes_between_is_refused()
    {
        _server.BreakAfter = 70_000;
        _server.BeforeRange = () => _server.Content = Encoding.UTF8.GetBytes(Rows(30_000));
        using var table = Source("/heart.csv").Open(TestSelection.Everything, CancellationToken.None);
        Assert.Contains("changed while it was read", Assert.Throws<DataSourceException>(() => Count(table)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_version_a_broken_connection_is_an_error_and_never_a_shorter_file()
    {
        (_server.BreakAfter, _server.Anonymous) = (70_000, true);
        using var table = Source("/heart.csv").Open(TestSelection.Everything, CancellationToken.None);
        Assert.Contains("the connection broke", Assert.Throws<DataSourceException>(() => Count(table)).Message, StringComparison.Ordinal);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public void Server_that_falls_silent_is_left_after_the_longest_wait()
    {
        (_server.SilentAfter, _server.Anonymous) = (70_000, true);
        using var table = Source("/heart.csv", s_limits with { Idle = TimeSpan.FromMilliseconds(100) }).Open(TestSelection.Everything, CancellationToken.None);
        Assert.Contains("stood still", Assert.Throws<DataSourceException>(() => Count(table)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Given_up_pass_ends_while_the_server_is_silent()
    {
        _server.SilentAfter = 70_000;
        using var stop = new CancellationTokenSource();
        using var table = Source("/heart.csv").Open(TestSelection.Everything, stop.Token);
        var reading = Task.Run(() => Count(table));
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => reading.WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult());
    }

    [Fact]
    public void Larger_file_than_the_limit_is_refused_before_it_is_read()
    {
        var error = Assert.Throws<DataSourceException>(() => Source("/heart.csv", s_limits with { Bytes = 1000 }).ReadHeader(CancellationToken.None));
        Assert.Contains("more than 1000 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void User_and_password_and_query_are_sent_and_never_told()
    {
        var address = new UriBuilder(new Uri(_server.Address, $"/none?signature={Secret}")) { UserName = "reader", Password = Uri.EscapeDataString(Secret + ":/") };
        using var file = new HttpFile(address.Uri);
        var error = Assert.Throws<DataSourceException>(() => new RemoteCsv(file, CsvForm.Default, s_limits).ReadHeader(CancellationToken.None));
        Assert.Contains("/none' is not there", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", file.Name, StringComparison.Ordinal);
        var request = Assert.Single(_server.Requests);
        Assert.EndsWith(Secret, request.Path, StringComparison.Ordinal);
        Assert.Equal($"reader:{Secret}:/", Encoding.UTF8.GetString(Convert.FromBase64String(request.Authorization["Basic ".Length..])));
    }

    [Fact]
    public void Server_that_is_not_there_is_told_without_the_address_secrets()
    {
        _server.Dispose();
        using var file = new HttpFile(new Uri(_server.Address, $"/a.csv?signature={Secret}"));
        var error = Assert.Throws<DataSourceException>(() => new RemoteCsv(file, CsvForm.Default, s_limits).ReadHeader(CancellationToken.None));
        Assert.Contains("no answer", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://files.example/a.csv", "https://other.example/b.csv", null)]
    [InlineData("https://files.example/a.csv", "/b.csv", null)]
    [InlineData("https://files.example/a.csv", "http://files.example/b.csv", "from https to https only")]
    [InlineData("http://127.0.0.1/a.csv", "https://files.example/b.csv", "from https to https only")]
    [InlineData("https://files.example/a.csv", "https://files.example/a.csv", "more than 5 times")]
    public void Redirect_is_followed_from_https_to_https_and_the_password_stays(string from, string to, string? refused)
    {
        var web = new Web((from, to));
        using var file = new HttpFile(new UriBuilder(from) { UserName = "u", Password = "p" }.Uri, web);
        var source = new RemoteCsv(file, CsvForm.Default, s_limits);
        if (refused is not null)
        {
            Assert.Contains(refused, Assert.Throws<DataSourceException>(() => source.ReadHeader(CancellationToken.None)).Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(["age"], source.ReadHeader(CancellationToken.None));
        Assert.Equal([true, new Uri(from).Host == new Uri(new Uri(from), to).Host], web.Authorized);
    }

    private static string Rows(int rows) => "age\n" + string.Concat(Enumerable.Range(0, rows).Select(i => $"{i % 100 + 100}\n"));

    private static int Count(ITable table)
    {
        var rows = 0;
        while (table.Read()) rows++;
        return rows;
    }

    private RemoteCsv Source(string path, RemoteLimits? limits = null) => new(new HttpFile(new Uri(_server.Address, path)), CsvForm.Default, limits ?? s_limits);

    /// <summary>Answers one address with a redirect, and all others with a table.</summary>
    private sealed class Web((string From, string To) redirect) : HttpMessageHandler
    {
        public List<bool> Authorized { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Authorized.Add(request.Headers.Authorization is not null);
            var response = request.RequestUri!.AbsoluteUri == redirect.From
                ? new HttpResponseMessage(HttpStatusCode.Redirect) { Headers = { Location = new Uri(redirect.To, UriKind.RelativeOrAbsolute) } }
                : new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("age\n1\n") };
            return Task.FromResult(response);
        }
    }
}
