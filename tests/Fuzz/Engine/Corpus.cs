using System.Security.Cryptography;

namespace SecureAggregation.Fuzz.Engine;

/// <summary>The files beside this project: recorded inputs, and inputs that once went wrong.</summary>
internal static class Corpus
{
    private const int Recorded = 24;
    private const int LargestFile = 24 * 1024;

    public static string Root { get; } = FindRoot();

    /// <summary>Where a run leaves what it found; not part of the repository.</summary>
    public static string Artifacts { get; } = Path.Combine(Root, "artifacts", "fuzz");

    private static string Folder => Path.Combine(Root, "tests", "Fuzz");

    /// <summary>The recorded inputs of a target.</summary>
    public static IEnumerable<byte[]> Of(string target) => Files("corpus", target).Select(File.ReadAllBytes);

    /// <summary>Inputs that once went wrong: target and file.</summary>
    public static IEnumerable<(string Target, string File)> Found() =>
        Directory.EnumerateDirectories(Path.Combine(Folder, "found")).Select(d => Path.GetFileName(d)!)
            .SelectMany(target => Files("found", target).Select(file => (target, file)));

    /// <summary>Records a target's seeds anew.</summary>
    public static int Write(Target target)
    {
        var folder = Path.Combine(Folder, "corpus", target.Name);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var seeds = target.Seeds().Where(s => s.Length <= LargestFile).ToList();
        var every = Math.Max(1, seeds.Count / Recorded);
        var kept = seeds.Where((_, i) => i % every == 0).Take(Recorded).ToList();
        for (var i = 0; i < kept.Count; i++) File.WriteAllBytes(Path.Combine(folder, $"{i:00}.bin"), kept[i]);
        return kept.Count;
    }

    /// <summary>Writes down an input that goes wrong.</summary>
    public static string Keep(string target, long number, byte[] input)
    {
        Directory.CreateDirectory(Artifacts);
        var path = Path.Combine(Artifacts, $"{target}-{number}-{Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, 4))}.bin");
        File.WriteAllBytes(path, input);
        return path;
    }

    private static IEnumerable<string> Files(string kind, string target)
    {
        var folder = Path.Combine(Folder, kind, target);
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.bin").Order(StringComparer.Ordinal) : [];
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SecureAggregation.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException($"SecureAggregation.sln is in no folder above {AppContext.BaseDirectory}");
    }
}
