namespace SecureAggregation.Browser;

/// <summary>A test that needs Chromium; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    private static readonly string[] s_places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    public BrowserFactAttribute()
    {
        if (Chromium is null) Skip = $"no browser at {string.Join(", ", s_places)}; apt-get install chromium";
    }

    public static string? Chromium { get; } = s_places.FirstOrDefault(File.Exists);
}
