using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using SecureAggregation.Client;
using SecureAggregation.Protocol;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli;

/// <summary>Which sentence and exit code an exception of the libraries deserves. What is not here is a defect and keeps its stack trace.</summary>
internal static class Failures
{
    public static (ExitCode Code, string Message)? Explain(Exception e) => e switch
    {
        CliException known => (known.Code, known.Message),
        TileException => (ExitCode.Failed, e.Message),
        StationUnavailableException => (ExitCode.CannotConnect, e.Message),
        StationRefusedException => (ExitCode.Refused, e.Message),
        ConsortiumException or AnalysisException or RosterException or WireException or RefusalException or TranscriptException => (ExitCode.BadInput, e.Message),
        FileNotFoundException missing => (ExitCode.BadInput, $"the file {missing.FileName} does not exist"),
        DirectoryNotFoundException => (ExitCode.BadInput, e.Message),
        UnauthorizedAccessException => (ExitCode.BadInput, e.Message),
        IOException full when IsDiskFull(full) => (ExitCode.Environment, $"no space left on the disk: {e.Message}"),
        IOException => (ExitCode.BadInput, e.Message),
        // What the file system's own methods say to an empty name.
        ArgumentException { ParamName: "path" or "path1" or "fileName" } => (ExitCode.BadInput, "the name of a file or folder is empty; give one"),
        CryptographicException => (ExitCode.BadInput, e.Message),
        SocketException or HttpRequestException or AuthenticationException => (ExitCode.CannotConnect, e.Message),
        _ => null,
    };

    // ENOSPC, as the runtime passes it on.
    private static bool IsDiskFull(IOException e) => (e.HResult & 0xFFFF) == 28;
}
