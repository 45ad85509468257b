using System.Xml.Linq;

namespace SecureAggregation.Architecture.Tests;

/// <summary>The checkout that this test was built from, read as files.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<ProjectFile> Sources { get; } = Projects("src");

    public static IReadOnlyList<ProjectFile> All { get; } = [.. Projects("src"), .. Projects("tests"), .. Projects("benchmarks"), .. Projects("tools")];

    /// <summary>Files below a folder that people wrote: nothing from bin or obj.</summary>
    public static IEnumerable<string> Files(string folder, string pattern)
    {
        var start = Path.Combine(Root, folder);
        if (!Directory.Exists(start)) return [];
        return Directory.EnumerateFiles(start, pattern, SearchOption.AllDirectories)
            .Where(f => !Path.GetRelativePath(Root, f).Split('/').Any(p => p is "bin" or "obj" or "node_modules"))
            .Order(StringComparer.Ordinal);
    }

    public static string Relative(string path) => Path.GetRelativePath(Root, path);

    private static List<ProjectFile> Projects(string folder) => [.. Files(folder, "*.csproj").Select(f => new ProjectFile(f))];

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SecureAggregation.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException($"SecureAggregation.sln is in no folder above {AppContext.BaseDirectory}");
    }
}

/// <summary>What a project file says about others.</summary>
internal sealed class ProjectFile
{
    private readonly XDocument _document;

    public ProjectFile(string path)
    {
        Path = path;
        _document = XDocument.Load(path);
    }

    public string Path { get; }

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Full paths of the projects that this one references, also those that are pulled in without their output.</summary>
    public IEnumerable<string> ProjectReferences => Includes("ProjectReference").Select(Full);

    public IEnumerable<string> PackageReferences => Includes("PackageReference");

    public IEnumerable<XElement> Elements(string name) => _document.Descendants(name);

    public string? Property(string name) => _document.Descendants(name).FirstOrDefault()?.Value;

    public IEnumerable<string> Includes(string element) =>
        _document.Descendants(element).Select(e => (string?)e.Attribute("Include")).OfType<string>().SelectMany(i => i.Split(';'));

    public string Full(string include) => System.IO.Path.GetFullPath(System.IO.Path.Combine(Folder, include.Replace('\\', '/')));

    public override string ToString() => Repository.Relative(Path);
}
