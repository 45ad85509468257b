namespace SecureAggregation.Fuzz.Targets;

/// <summary>A folder for what can be read from a file only; in memory where there is such a place, and gone with the process.</summary>
internal sealed class Scratch
{
    private static readonly string s_root = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"secagg-fuzz-{Environment.ProcessId}");
    private static int s_count;

    private readonly string _folder = Path.Combine(s_root, $"{Interlocked.Increment(ref s_count)}");

    static Scratch() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        if (Directory.Exists(s_root)) Directory.Delete(s_root, recursive: true);
    };

    public Scratch() => Directory.CreateDirectory(_folder);

    public string Folder => _folder;

    public string this[string name] => Path.Combine(_folder, name);
}
