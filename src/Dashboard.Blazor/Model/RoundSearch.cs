using System.Globalization;
using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>Which rounds the list shows, as its address says.</summary>
/// <param name="State">running, done, aborted, open for failed or pending ones, or empty for all.</param>
/// <param name="Find">In the title, a name, or the beginning of the id.</param>
/// <param name="Since">The first day, UTC.</param>
/// <param name="Until">The last day, UTC.</param>
public sealed record RoundSearch(string State, string Find, DateOnly? Since, DateOnly? Until)
{
    public const string Open = "open";

    public static readonly IReadOnlyList<(string Value, string Word)> States = [("", "All"), ("running", "Running"), ("done", "Done"), ("aborted", "Aborted"), (Open, "Failed or pending only")];

    public static RoundSearch Of(string? state, string? find, string? since, string? until) => new(
        States.Any(s => s.Value == state) ? state! : "", find is { Length: <= 100 } ? find : "", Day(since), Day(until));

    public bool IsAll => this is { State: "", Since: null, Until: null } && string.IsNullOrWhiteSpace(Find);

    public bool Matches(RoundView round) => MatchesState(round, State) && Found(round)
        && (Since is not { } from || Contract.Time(round.StartedMs) >= Start(from))
        && (Until is not { } to || Contract.Time(round.StartedMs) < Start(to.AddDays(1)));

    /// <summary>The same for the station. Of those that failed or are pending only the failed: the pending ones are few and new.</summary>
    public RoundFilter ForStation(DateTimeOffset before) => new()
    {
        State = State switch { "running" => RoundState.Running, "done" => RoundState.Done, "aborted" or Open => RoundState.Aborted, _ => RoundState.Unspecified },
        Find = Find.Trim(),
        Since = Since is { } from ? Start(from) : null,
        Until = Until is { } to && Start(to.AddDays(1)) < before ? Start(to.AddDays(1)) : before,
        Brief = true,
    };

    public static bool MatchesState(RoundView round, string state) => state switch
    {
        "running" => round.State == RoundState.Running,
        "done" => round.State == RoundState.Done,
        "aborted" => round.State == RoundState.Aborted,
        Open => round.State is RoundState.Running or RoundState.Aborted,
        _ => true,
    };

    public static string Text(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "";

    private static DateOnly? Day(string? text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day < DateOnly.MaxValue ? day : null;

    private static DateTimeOffset Start(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    private bool Found(RoundView round)
    {
        var find = Find.Trim();
        return find.Length == 0
            || round.Id().StartsWith(find, StringComparison.OrdinalIgnoreCase)
            || round.Parties.Select(p => p.Name).Prepend(round.Coordinator).Prepend(round.Dataset).Prepend(round.Title).Any(text => text.Contains(find, StringComparison.OrdinalIgnoreCase));
    }
}
