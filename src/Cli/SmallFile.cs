using System.Text;
using SecureAggregation.Crypto;

namespace SecureAggregation.Cli;

/// <summary>Files that somebody named on the command line: never more of them than a limit, and text only in UTF-8.</summary>
internal static class SmallFile
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The whole file. The limit is held while reading: a device or a pipe has no length to look at before.</summary>
    /// <exception cref="CliException">It is larger than <paramref name="limit"/> bytes, or not there: then <paramref name="missing"/> is said.</exception>
    public static byte[] Bytes(string path, string what, int limit, string missing)
    {
        Find(path, what, missing);
        using var file = File.OpenRead(path);
        using var bytes = new MemoryStream();
        var piece = new byte[8192];
        for (int read; (read = file.Read(piece)) > 0;)
        {
            if (bytes.Length + read > limit) throw TooLarge(path, what, limit);
            bytes.Write(piece, 0, read);
        }

        return bytes.ToArray();
    }

    /// <summary>The same of a file of which nothing may be left in memory.</summary>
    public static SecretBytes Secret(string path, string what, int limit, string missing)
    {
        Find(path, what, missing);
        return SecretBytes.ReadFile(path, limit) ?? throw TooLarge(path, what, limit);
    }

    /// <inheritdoc cref="Bytes"/>
    public static string Text(string path, string what, int limit, string missing)
    {
        var bytes = Bytes(path, what, limit, missing);
        try
        {
            var text = s_strict.GetString(bytes);
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}, byte {e.Index + 1}: not UTF-8. Convert the file, e.g. from Latin-1: iconv -f LATIN1 -t UTF-8 '{path}' > new", e);
        }
    }

    private static void Find(string path, string what, string missing)
    {
        if (Directory.Exists(path)) throw new CliException(ExitCode.BadInput, $"{path} is a folder; name a {what} file");
        if (!File.Exists(path)) throw new CliException(ExitCode.BadInput, missing);
    }

    private static CliException TooLarge(string path, string what, int limit) =>
        new(ExitCode.BadInput, $"{path} has more than {limit} bytes, the most that a {what} file has; is it the right file?");
}
