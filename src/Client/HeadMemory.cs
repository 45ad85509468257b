using SecureAggregation.Client.Internal;
using SecureAggregation.Protocol;

namespace SecureAggregation.Client;

/// <summary>
/// The largest head of each log that was verified. Whoever remembers it finds out a station that shows another history later, or to somebody else.
/// Kept in memory, and in a folder if there is one: a signed note for each log, which is evidence if it ever comes to that. Safe for use by many threads.
/// </summary>
public sealed class HeadMemory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Checkpoint> _heads = new(StringComparer.Ordinal);
    private readonly string? _folder;

    /// <summary>A memory without a folder, which ends with its owner.</summary>
    public HeadMemory()
    {
    }

    /// <summary>A memory in a folder, which is made when there is something to remember.</summary>
    public HeadMemory(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _folder = folder;
    }

    /// <summary>The file in which the head of a roster's log is or would be kept; null without a folder.</summary>
    public string? FileOf(Roster roster) => _folder is null ? null : Path.Combine(_folder, Key(roster) + ".note");

    /// <summary>What is remembered of a roster's log; null if nothing is.</summary>
    /// <exception cref="TranscriptException">The file does not hold a head of this log that its station signed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public Checkpoint? Find(Roster roster)
    {
        ArgumentNullException.ThrowIfNull(roster);
        lock (_gate)
        {
            if (FileOf(roster) is not { } file) return _heads.GetValueOrDefault(Key(roster));
            if (!File.Exists(file)) return null;
            try
            {
                var head = Checkpoint.Parse(File.ReadAllText(file));
                head.CheckStation(roster);
                return head;
            }
            catch (TranscriptException e)
            {
                throw new TranscriptException($"The remembered head in {file} cannot be used: {e.Message} Find out what changed the file before you delete it.");
            }
        }
    }

    /// <summary>Remembers a head that was verified, unless a larger one of the log is remembered.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Keep(Roster roster, Checkpoint head)
    {
        ArgumentNullException.ThrowIfNull(head);
        lock (_gate)
        {
            if (Find(roster) is { } known && known.Size >= head.Size) return;
            _heads[Key(roster)] = head;
            if (FileOf(roster) is { } file) AtomicFile.Write(file, System.Text.Encoding.UTF8.GetBytes(head.Note));
        }
    }

    /// <summary>Logs are told apart by origin and key: a consortium that is made anew begins a new one.</summary>
    private static string Key(Roster roster) => $"{Uri.EscapeDataString(roster.LogOrigin)}.{roster.Aggregator.Fingerprint[..16]}";
}
