using System.Globalization;

namespace SecureAggregation.Party.Data;

/// <summary>Files by name, length and time of change.</summary>
internal static class FileStamp
{
    /// <summary>Files that are not there have a mark too.</summary>
    public static string Of(IEnumerable<string> paths) => string.Join('|', paths.Select(p => new FileInfo(p)).Select(f => f.Exists
        ? string.Create(CultureInfo.InvariantCulture, $"{f.FullName}:{f.Length}:{f.LastWriteTimeUtc.Ticks}")
        : $"{f.FullName}:none"));
}
