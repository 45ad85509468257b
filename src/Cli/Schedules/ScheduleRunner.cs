using System.Globalization;
using SecureAggregation.Client;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Schedules;

/// <summary>Asks what is due, once each. What is about to be asked is on disk before it is, so that no crash makes a run spend twice.</summary>
/// <param name="folder">The accepted schedules.</param>
/// <param name="rosterHash">The roster under which is asked; schedules that were accepted under another one wait for a person.</param>
/// <param name="ask">Asks a query and checks the answer; keeps it at the place that it is given; gives the id of the round.</param>
/// <param name="time">The clock.</param>
/// <param name="late">A run that is later than this is left out.</param>
/// <param name="say">Told what happens.</param>
internal sealed class ScheduleRunner(ScheduleFolder folder, string rosterHash, Func<AnalysisQuery, Func<string, string>, CancellationToken, Task<string>> ask, TimeProvider time, TimeSpan late, Action<string> say)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMinutes(1);

    /// <summary>Asks what is due now.</summary>
    /// <returns>How many were answered, and how many were not.</returns>
    /// <exception cref="CliException">Another program runs the schedules of the folder.</exception>
    /// <exception cref="RosterReplacedException">Another roster is in force.</exception>
    public async Task<(int Done, int Failed)> RunDueAsync(CancellationToken stop)
    {
        using var held = folder.Hold();
        return await AskDueAsync(stop);
    }

    /// <summary>Goes on until every accepted run is over. The folder is looked at each minute, so that schedules may be added meanwhile.</summary>
    /// <returns>How many runs were answered, and how many were not.</returns>
    /// <inheritdoc cref="RunDueAsync" path="/exception"/>
    public async Task<(int Done, int Failed)> RunAsync(CancellationToken stop)
    {
        using var held = folder.Hold();
        var (done, failed) = (0, 0);
        while (true)
        {
            var (d, f) = await AskDueAsync(stop);
            (done, failed) = (done + d, failed + f);
            var ahead = folder.Read().Where(s => s.Schedule.RosterHash == rosterHash).SelectMany(s => s.Schedule.Runs.Where(due => !s.Record.ContainsKey(due))).ToArray();
            if (ahead.Length == 0) return (done, failed);
            var wait = ahead.Min() - time.GetUtcNow();
            if (wait > TimeSpan.Zero) await Task.Delay(wait < s_look ? wait : s_look, time, stop);
        }
    }

    private async Task<(int Done, int Failed)> AskDueAsync(CancellationToken stop)
    {
        var (done, failed) = (0, 0);
        foreach (var (schedule, record) in folder.Read().Where(s => s.Schedule.RosterHash == rosterHash))
        {
            foreach (var due in schedule.Runs.Where(due => !record.ContainsKey(due) && due <= time.GetUtcNow()))
            {
                if (time.GetUtcNow() - due > late)
                {
                    folder.Add(schedule, new RunLine(due, RunState.Missed, time.GetUtcNow(), Note: "nobody ran the schedule when it was due"));
                    say(string.Create(CultureInfo.InvariantCulture, $"{schedule.Name}, {due:u}: missed, nothing was asked"));
                    continue;
                }

                if (await RunAsync(schedule, due, stop)) done++;
                else failed++;
            }
        }

        return (done, failed);
    }

    private async Task<bool> RunAsync(Schedule schedule, DateTimeOffset due, CancellationToken stop)
    {
        folder.Add(schedule, new RunLine(due, RunState.Begun, time.GetUtcNow()));
        try
        {
            var round = await ask(schedule.Asked, suffix => folder.Place(schedule, due, suffix), stop);
            folder.Add(schedule, new RunLine(due, RunState.Done, time.GetUtcNow(), round));
            say(string.Create(CultureInfo.InvariantCulture, $"{schedule.Name}, {due:u}: answered by round {round}, verified"));
            return true;
        }
        catch (Exception e) when (Failures.Explain(e) is { } failure)
        {
            folder.Add(schedule, new RunLine(due, RunState.Failed, time.GetUtcNow(), Note: failure.Message));
            say(string.Create(CultureInfo.InvariantCulture, $"{schedule.Name}, {due:u}: no answer: {failure.Message}"));
            // Under another roster all that comes would fail as well, and wait for a person instead.
            if (e is RosterReplacedException) throw;
            return false;
        }
    }
}
