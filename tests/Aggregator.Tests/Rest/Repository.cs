namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>Files of the repository.</summary>
internal static class Repository
{
    public static string File(params string[] path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(Path.Combine(folder.FullName, "SecureAggregation.sln"))) folder = folder.Parent!;
        return Path.Combine([folder.FullName, .. path]);
    }
}
