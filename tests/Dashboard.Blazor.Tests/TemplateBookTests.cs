using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class TemplateBookTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("templates").FullName;
    private readonly ManualTimeProvider _time = new();

    private string Path => System.IO.Path.Combine(_folder, "data", "templates.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Template_outlives_the_deck_with_who_and_when()
    {
        var book = Open();
        var told = 0;
        using var subscription = book.Changed.Add(() => told++);
        book.Keep("  Weekly count ", "dataset: heart\n", "ada");
        book.Keep("weekly COUNT", "dataset: lungs\n", "bo");
        book.Keep("Ages", "dataset: heart\n", "ada");

        Assert.Equal(["Ages", "weekly COUNT"], Open().All.Select(t => t.Name));
        Assert.Equal(new Template("weekly COUNT", "dataset: lungs\n", "bo", _time.GetUtcNow()), Open().Find("Weekly count"));
        book.Delete("WEEKLY count");
        Assert.Equal("Ages", Assert.Single(Open().All).Name);
        Assert.Equal(4, told);
        Assert.Single(Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines")]
    public void Name_that_breaks_the_rule_is_refused(string name) => Assert.Contains("1 to 80 characters", Assert.Throws<TemplateException>(() => Open().Keep(name, "x", "ada")).Message);

    [Fact]
    public void Limits_are_kept_and_said()
    {
        var book = new TemplateBook(null, _time, NullLogger<TemplateBook>.Instance);
        Assert.Contains("65536 characters", Assert.Throws<TemplateException>(() => book.Keep("long", new string('x', TemplateBook.LongestYaml + 1), "ada")).Message);
        for (var i = 0; i < TemplateBook.MostTemplates; i++) book.Keep($"{i}", "x", "ada");
        Assert.Contains("200 templates at most", Assert.Throws<TemplateException>(() => book.Keep("one more", "x", "ada")).Message);
        book.Keep("7", "another", "ada");
        Assert.Equal("another", book.Find("7")!.Yaml);
    }

    [Theory]
    [InlineData("{ damaged")]
    [InlineData("[null]")]
    [InlineData("[{ \"name\": \"a\" }]")]
    public void Damaged_file_is_set_aside_and_said(string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.WriteAllText(Path, content);
        var book = Open();
        Assert.Empty(book.All);
        Assert.Contains("set aside as templates.json.damaged-", book.Problem);
        Assert.Equal(content, File.ReadAllText(Assert.Single(Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!, "*.damaged-*"))));
        book.Keep("new", "x", "ada");
        Assert.Null(Open().Problem);
    }

    [Fact]
    public void File_that_cannot_be_written_changes_nothing()
    {
        File.WriteAllText(System.IO.Path.Combine(_folder, "data"), "a file where the folder should be");
        var book = Open();
        Assert.Contains("so nothing was changed; whoever runs the deck makes room there", Assert.Throws<TemplateException>(() => book.Keep("a", "x", "ada")).Message);
        Assert.Empty(book.All);
    }

    private TemplateBook Open() => new(Path, _time, NullLogger<TemplateBook>.Instance);
}
