using System.Globalization;
using System.Text.Json;
using SecureAggregation.Accounts;

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

    /// <summary>Whole or not at all, for its owner's eyes alone (<see cref="PrivateFile"/>); its folder is made.</summary>
    /// <exception cref="IOException">It cannot be written; the message says what and what to do.</exception>
    public static void Write<T>(string path, T content, JsonSerializerOptions json)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            PrivateFile.Write(path, stream => JsonSerializer.Serialize(stream, content, json));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The deck cannot write {path} ({e.Message.TrimEnd('.')}), so nothing was changed; whoever runs the deck makes room there, or gives the folder to the deck's user, and then it can be tried again.", e);
        }
    }

    /// <summary>Out of the way, never lost; where it is now.</summary>
    public static string SetAside(string path, TimeProvider time)
    {
        var aside = $"{path}.damaged-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}";
        File.Move(path, aside, overwrite: true);
        return aside;
    }
}
