using System.Globalization;
using System.Text.Json;

namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>A JSON file of the deck's own: read within a limit, written whole, and set aside when it cannot be read.</summary>
internal static class DeckFile
{
    /// <exception cref="InvalidDataException">It is larger than it can be.</exception>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static T? Read<T>(string path, long largest, JsonSerializerOptions json)
    {
        using var file = File.OpenRead(path);
        if (file.Length > largest) throw new InvalidDataException($"it has {file.Length} bytes; such a file has at most {largest}");
        return JsonSerializer.Deserialize<T>(file, json);
    }

    /// <summary>Written beside, for its owner's eyes alone, flushed, and renamed into place: never half a file.</summary>
    public static void Write<T>(string path, T content, JsonSerializerOptions json)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var draft = path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft, options))
        {
            JsonSerializer.Serialize(stream, content, json);
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }

    /// <summary>Out of the way, never lost; where it is now.</summary>
    public static string SetAside(string path, TimeProvider time)
    {
        var aside = $"{path}.damaged-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}";
        File.Move(path, aside, overwrite: true);
        return aside;
    }
}
