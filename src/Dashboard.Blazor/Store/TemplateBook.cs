using System.Text.Json;

namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>A question that was kept under a name.</summary>
/// <param name="Name">What people call it; one of a kind.</param>
/// <param name="Yaml">The question.</param>
/// <param name="By">The account that kept it.</param>
/// <param name="At">When.</param>
public sealed record Template(string Name, string Yaml, string By, DateTimeOffset At);

/// <summary>A template that cannot be kept; the message says why and what to do.</summary>
public sealed class TemplateException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The deck's templates, in one JSON file, or in memory where the deck has no folder. Each change is written whole and renamed into place before it counts. A file that cannot be
/// read is set aside, never overwritten. Safe for use by many threads.
/// </summary>
public sealed partial class TemplateBook
{
    public const int MostTemplates = 200;
    public const int LongestName = 80;
    public const int LongestYaml = 64 * 1024;
    private const int LargestFile = 32 * 1024 * 1024;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly Lock _gate = new();
    private readonly string? _path;
    private readonly TimeProvider _time;
    private IReadOnlyList<Template> _templates = [];

    /// <param name="path">The file; null keeps templates in memory.</param>
    /// <param name="time">For the moment at which a template was kept.</param>
    /// <param name="logger">Told of a file that was set aside.</param>
    public TemplateBook(string? path, TimeProvider time, ILogger<TemplateBook> logger)
    {
        (_path, _time) = (path, time);
        if (path is null || !File.Exists(path)) return;
        try
        {
            _templates = Read(path);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or TemplateException)
        {
            var aside = DeckFile.SetAside(path, time);
            Problem = $"The file of templates could not be read and was set aside as {Path.GetFileName(aside)} in the deck's data folder. Mend it and put it back before the deck starts, or begin anew.";
            LogSetAside(logger, aside, e.Message);
        }
    }

    /// <summary>Told when the templates changed.</summary>
    public Subscribers Changed { get; } = new();

    /// <summary>What went wrong when the file was read; null if nothing did.</summary>
    public string? Problem { get; }

    /// <summary>Whether they outlive this process.</summary>
    public bool IsKept => _path is not null;

    /// <summary>By name.</summary>
    public IReadOnlyList<Template> All
    {
        get
        {
            lock (_gate) return _templates;
        }
    }

    public Template? Find(string name)
    {
        lock (_gate) return _templates.FirstOrDefault(t => Same(t.Name, name));
    }

    /// <summary>Keeps a question; one of the same name is replaced.</summary>
    /// <exception cref="TemplateException">A rule is broken, or the file cannot be written.</exception>
    public void Keep(string name, string yaml, string by)
    {
        var kept = new Template(name.Trim(), yaml, by, _time.GetUtcNow());
        if (Wrong(kept) is { } wrong) throw new TemplateException(wrong);
        lock (_gate)
        {
            Template[] others = [.. _templates.Where(t => !Same(t.Name, kept.Name))];
            if (others.Length >= MostTemplates) throw new TemplateException($"The deck keeps {MostTemplates} templates at most. Delete one that nobody needs.");
            Write([.. others.Append(kept).OrderBy(t => t.Name, StringComparer.OrdinalIgnoreCase)]);
        }

        Changed.Tell();
    }

    /// <exception cref="TemplateException">The file cannot be written.</exception>
    public void Delete(string name)
    {
        lock (_gate) Write([.. _templates.Where(t => !Same(t.Name, name))]);
        Changed.Tell();
    }

    private static bool Same(string some, string other) => string.Equals(some, other.Trim(), StringComparison.OrdinalIgnoreCase);

    private static string? Wrong(Template template) =>
        template.Name.Length is 0 or > LongestName || template.Name != template.Name.Trim() || template.Name.Any(char.IsControl) ? $"A template's name has 1 to {LongestName} characters, on one line, without blanks at its ends."
        : template.Yaml.Length is 0 or > LongestYaml ? $"A template holds a question of 1 to {LongestYaml} characters; this one has {template.Yaml.Length}."
        : null;

    private static IReadOnlyList<Template> Read(string path)
    {
        var read = DeckFile.Read<Template[]>(path, LargestFile, s_json) ?? [];
        if (read.Length > MostTemplates) throw new TemplateException($"{path} has {read.Length} templates; at most {MostTemplates} are kept");
        foreach (var template in read)
        {
            if (template is not { Name: not null, Yaml: not null, By: not null }) throw new TemplateException($"{path} has a template without name, yaml or by");
            if (Wrong(template) is { } wrong) throw new TemplateException(wrong);
        }

        return [.. read.DistinctBy(t => t.Name, StringComparer.OrdinalIgnoreCase).OrderBy(t => t.Name, StringComparer.OrdinalIgnoreCase)];
    }

    private void Write(IReadOnlyList<Template> templates)
    {
        if (_path is not null)
        {
            try
            {
                DeckFile.Write(_path, templates, s_json);
            }
            catch (IOException e)
            {
                throw new TemplateException(e.Message, e);
            }
        }

        _templates = templates;
    }

    [LoggerMessage(7011, LogLevel.Warning, "Templates set aside as {File}: {Problem}")]
    private static partial void LogSetAside(ILogger logger, string file, string problem);
}
