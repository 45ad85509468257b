using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Results;

/// <summary>A round and its numbers as the deck knows them now.</summary>
public sealed record RoundNumbers(RoundView Round, RoundCheck? Check)
{
    public bool Verified => Check?.State == CheckState.Verified;

    public IReadOnlyList<ReleasedStatistic> Statistics { get; } = Check.StatisticsOf(Round);

    public string Title => Round.Title.Length > 0 ? Round.Title : "Untitled round";

    public static RoundNumbers Of(RoundView round, DeckState state) => new(round, state.CheckOf(round));

    /// <summary>Out of the deck's picture if it is there, else from the station.</summary>
    /// <exception cref="RoundNotFoundException">There is no such round.</exception>
    /// <exception cref="ConsortiumException">The station does not answer.</exception>
    public static async Task<RoundNumbers> FindAsync(string? id, IConsortium consortium, DeckState state, CancellationToken stop)
    {
        if (DeckUrls.ParseRoundId(id) is not { } bytes) throw new RoundNotFoundException("A round's id is 32 hexadecimal digits, such as those in the list of rounds.");
        // A picture without its numbers is one of a list; the whole is asked for.
        var known = state.FindRound(Convert.ToHexStringLower(bytes));
        if (known is null or { State: RoundState.Done, Statistics.Count: 0 }) known = await consortium.GetRoundAsync(bytes, stop);
        return Of(known, state);
    }
}
