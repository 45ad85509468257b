using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;

namespace SecureAggregation.Party;

/// <summary>How the outpost stands to the station.</summary>
internal enum LinkState
{
    Starting,
    Connecting,
    Connected,
    Waiting,
    Stopping,
    Stopped,
}

/// <summary>What status.json says: nothing that depends on data.</summary>
internal sealed record OutpostStatus
{
    public required string Consortium { get; init; }

    public required string Party { get; init; }

    public required string Station { get; init; }

    public required string Software { get; init; }

    public required int ProcessId { get; init; }

    public LinkState State { get; init; }

    /// <summary>Why the outpost is not connected; empty if it is.</summary>
    public string Problem { get; init; } = "";

    public DateTimeOffset Updated { get; init; }

    public DateTimeOffset? ConnectedSince { get; init; }

    public DateTimeOffset? LastSeen { get; init; }

    public IReadOnlyList<RoundStatus> Rounds { get; init; } = [];
}

/// <summary>A round that is open or has just ended.</summary>
internal sealed record RoundStatus(string Round, string Dataset, string Title, string State, string Refusal);

/// <summary>
/// The outpost listens nowhere, so its health is a file: status.json in the state directory, replaced whole, so that a reader never sees
/// half of one.
/// </summary>
internal sealed class StatusFile(string directory, TimeProvider clock, ILogger<StatusFile> logger, OutpostStatus first)
{
    public const string FileName = "status.json";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Converters = { new JsonStringEnumConverter(
            JsonNamingPolicy.CamelCase) },
    };

    private readonly Lock _gate = new();
    private OutpostStatus _status = first;

    public OutpostStatus Current
    {
        get
        {
            lock (_gate) return _status;
        }
    }

    /// <summary>Changes the status and writes it. A status that cannot be written stops nothing.</summary>
    public void Update(Func<OutpostStatus, OutpostStatus> change)
    {
        lock (_gate)
        {
            _status = change(_status) with { Updated = clock.GetUtcNow() };
            var path = Path.Combine(directory, FileName);
            try
            {
                File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(_status, s_json));
                File.Move(path + ".new", path, overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Log.StatusNotWritten(logger, e.GetType().Name);
            }
        }
    }
}
