using SecureAggregation.Client;
using SecureAggregation.Protocol;

namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>
/// Goes on under the roster of the deck's file when its operator has replaced it (`secagg roster follow`, docs/adr/0037), with all pages open. The file is
/// what the operator trusts, as at the start; what the station tells is never taken.
/// </summary>
internal sealed partial class RosterFollower(IConsortium consortium, DeckStore store, string file, TimeProvider time, ILogger<RosterFollower> log) : BackgroundService
{
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private DateTime _read;

    /// <summary>The roster of a file, and those of earlier epochs that were kept beside it when it was replaced.</summary>
    /// <exception cref="RosterException">It is no roster that all founders have signed.</exception>
    public static (Roster Roster, IReadOnlyList<Roster> Earlier) Read(string file)
    {
        var roster = Open(file);
        var earlier = new List<Roster>();
        // Each names the one before by its hash.
        for (var last = roster; last.Epoch > 1 && KeptBefore(file, last) is { } before; last = before) earlier.Add(before);
        return (roster, earlier);
    }

    /// <summary>Takes the file's roster if it was replaced.</summary>
    public void Look()
    {
        try
        {
            var written = File.GetLastWriteTimeUtc(file);
            if (written == _read) return;
            _read = written;
            var (next, before) = (Open(file), consortium.Roster);
            if (next.Hash.AsSpan().SequenceEqual(before.Hash)) return;
            consortium.GoOnUnder(next);
            Followed(log, next.Epoch, string.Join(' ', next.Words), before.Epoch);
            // Pages show the roster that is pinned.
            store.Update(state => state with { AsOf = state.AsOf });
        }
        catch (Exception e) when (e is RosterException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            NotFollowed(log, file, e.Message, consortium.Roster.Epoch);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) Look();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program ends.
        }
    }

    private static Roster? KeptBefore(string file, Roster next)
    {
        try
        {
            return Open($"{file}.epoch-{next.Epoch - 1}") is var kept && Succession.Broken(next, kept) is null ? kept : null;
        }
        catch (Exception e) when (e is RosterException or IOException or UnauthorizedAccessException)
        {
            // None was kept, or another thing: rounds from then stay unverified here.
            return null;
        }
    }

    private static Roster Open(string file) => new FileInfo(file).Length <= Limits.Roster
        ? Roster.Open(File.ReadAllBytes(file))
        : throw new RosterException($"{file} has more than {Limits.Roster} bytes; a roster has fewer.");

    [LoggerMessage(7017, LogLevel.Information, "The deck goes on under roster epoch {Epoch} ({Words}), which its file holds now; before was epoch {Before}")]
    private static partial void Followed(ILogger logger, ulong epoch, string words, ulong before);

    [LoggerMessage(7018, LogLevel.Warning, "The roster file {File} was changed and is not taken: {Reason} The deck goes on under epoch {Epoch}")]
    private static partial void NotFollowed(ILogger logger, string file, string reason, ulong epoch);
}
