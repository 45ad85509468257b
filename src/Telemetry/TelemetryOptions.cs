namespace SecureAggregation.Telemetry;

/// <summary>Where a program's telemetry goes: the section "Telemetry" of its settings (docs/operations.md).</summary>
public sealed class TelemetryOptions
{
    private const int LargestHeaders = 16 * 1024;

    private const UnixFileMode Foreign =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Address of an OpenTelemetry collector, http or https; empty sends nothing anywhere.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>How it is spoken to: <c>http/protobuf</c> (port 4318 by custom) or <c>grpc</c> (4317).</summary>
    public string Protocol { get; set; } = Http;

    /// <summary>A file with headers for the collector, <c>name=value</c>, separated by commas or lines; empty for none. It may hold a password, which no setting does.</summary>
    public string HeadersFile { get; set; } = "";

    /// <summary>Time between two messages of figures, 1 s to 1 h.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether anything is sent.</summary>
    public bool IsOn => Endpoint.Length > 0;

    internal const string Http = "http/protobuf";
    internal const string Grpc = "grpc";

    /// <summary>What is wrong, one sentence a rule.</summary>
    /// <param name="section">The name of the section, for messages.</param>
    public IEnumerable<string> Problems(string section)
    {
        if (IsOn && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
            yield return $"{section}:Endpoint is \"{Endpoint}\"; it must be the address of a collector, e.g. http://127.0.0.1:4318.";
        if (Protocol is not (Http or Grpc)) yield return $"{section}:Protocol is \"{Protocol}\"; it must be {Http} or {Grpc}.";
        if (Interval < TimeSpan.FromSeconds(1) || Interval > TimeSpan.FromHours(1)) yield return $"{section}:Interval is {Interval:c}; it must be from 00:00:01 to 01:00:00.";
        if (IsOn && HeadersFile.Length > 0 && HeadersProblem() is { } problem) yield return $"{section}:HeadersFile {problem}";
    }

    internal string Headers() => HeadersFile.Length == 0 ? "" : string.Join(',', File.ReadAllText(HeadersFile).Split(['\n', '\r', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private string? HeadersProblem()
    {
        var file = new FileInfo(HeadersFile);
        if (!file.Exists) return $"names {HeadersFile}, which does not exist.";
        if (file.Length > LargestHeaders) return $"names {HeadersFile}, which has {file.Length} bytes; headers have at most {LargestHeaders}.";
        if (!OperatingSystem.IsWindows() && (file.UnixFileMode & Foreign) != UnixFileMode.None)
            return $"names {HeadersFile}, which may hold a password and is open to other users of this machine; close it: chmod 600 '{HeadersFile}'";
        try
        {
            return Headers().Split(',', StringSplitOptions.RemoveEmptyEntries).All(h => h.IndexOf('=', StringComparison.Ordinal) > 0) ? null : $"names {HeadersFile}, in which a line is not name=value.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"names {HeadersFile}, which cannot be read ({e.Message}); give it to the user that the program runs as.";
        }
    }
}
