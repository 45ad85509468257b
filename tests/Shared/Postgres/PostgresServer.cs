using System.Diagnostics;
using Npgsql;

namespace SecureAggregation.Testing;

/// <summary>A PostgreSQL server of the tests' own: Debian's programs, a temporary folder, a Unix socket in it, an unprivileged user.</summary>
public sealed class PostgresServer : IDisposable
{
    /// <summary>The user of every test's connection string, and a password that no message may show.</summary>
    public const string Owner = "owner";

    public const string Password = "pw-Zoe-Quill-4711";

    private static readonly string? s_programs = new[] { "/usr/lib/postgresql", "/usr/pgsql" }
        .Where(Directory.Exists).SelectMany(Directory.GetDirectories).Select(d => Path.Combine(d, "bin"))
        .Where(d => File.Exists(Path.Combine(d, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault();

    private readonly string _folder = Directory.CreateTempSubdirectory("secagg-pg-").FullName;
    private int _databases;

    public PostgresServer()
    {
        if (Missing is not null) return;
        // The server refuses to run as root.
        if (Environment.IsPrivilegedProcess) Run("/bin/chown", "postgres", _folder);
        var passwords = Path.Combine(_folder, "password");
        File.WriteAllText(passwords, Password);
        Server("initdb", "-D", Data, "-U", Owner, "--auth=scram-sha-256", $"--pwfile={passwords}", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8");
        Start();
    }

    /// <summary>Why there is no server; null if there can be one.</summary>
    public static string? Missing => s_programs is null
        ? "there is no /usr/lib/postgresql/*/bin/initdb; apt-get install postgresql"
        : Environment.IsPrivilegedProcess && !File.Exists("/usr/sbin/runuser") ? "the tests run as root, and there is no runuser to start PostgreSQL as another user" : null;

    public string ConnectionString => Connect(Owner, Password);

    private string Data => Path.Combine(_folder, "data");

    public string Connect(string user, string password) =>
        new NpgsqlConnectionStringBuilder { Host = _folder, Username = user, Password = password, Database = "postgres", Pooling = false }.ToString();

    /// <summary>Makes an empty database and gives its connection string.</summary>
    /// <param name="of">A database of which it is to be a copy; nobody may be connected to that.</param>
    public string NewDatabase(string? of = null)
    {
        var name = $"t{Interlocked.Increment(ref _databases)}";
        Execute($"CREATE DATABASE {name}{(of is null ? "" : $" TEMPLATE {new NpgsqlConnectionStringBuilder(of).Database}")}");
        return new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name }.ToString();
    }

    public void Start() =>
        Server("pg_ctl", "-D", Data, "-w", "-l", Path.Combine(_folder, "log"), "-o", $"-k {_folder} -c listen_addresses= -c fsync=off", "start");

    /// <summary>Ends the server in the middle of whatever it does; it recovers at its next start.</summary>
    public void Kill() => Server("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");

    /// <summary>Runs statements as the owner.</summary>
    public void Execute(string sql)
    {
        using var connection = new NpgsqlConnection(ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        if (Missing is null && File.Exists(Path.Combine(Data, "postmaster.pid"))) Kill();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Server(string program, params string[] arguments)
    {
        var path = Path.Combine(s_programs!, program);
        if (Environment.IsPrivilegedProcess) Run("/usr/sbin/runuser", ["-u", "postgres", "--", path, .. arguments]);
        else Run(path, arguments);
    }

    private static void Run(string program, params string[] arguments)
    {
        // Output goes nowhere: the server would keep a pipe open for as long as it runs.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", program, .. arguments]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        Assert.True(process.WaitForExit(60_000), $"{program} does not end.");
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
