using System.Globalization;
using SecureAggregation.Dashboard.Blazor.Store;

namespace SecureAggregation.Dashboard.Blazor.Model.Queries;

/// <summary>How a regression over several rounds stands, in words.</summary>
internal static class FitWords
{
    public static Status Of(FitState state) => state switch
    {
        FitState.Running => Status.Running,
        FitState.Converged => Status.Done with { Word = "Converged" },
        FitState.Cancelled => Status.Aborted with { Word = "Cancelled", Tone = Tone.Warn },
        _ => Status.Aborted with { Word = "Not converged" },
    };

    public static string Progress(FitView fit) => fit.State switch
    {
        FitState.Running when fit.Rounds.Length > fit.Deviances.Length => $"Round {fit.Rounds.Length} of at most {fit.Most} runs.",
        FitState.Running => $"Round {fit.Deviances.Length + 1} of at most {fit.Most} is being asked.",
        FitState.Converged => $"Converged in {Text.Plural(fit.Deviances.Length, "round")}: further steps would move the coefficients by less than the noise.",
        FitState.Cancelled => $"Cancelled after {Text.Plural(fit.Deviances.Length, "finished round")} of at most {fit.Most}.",
        _ => Sentence(fit.Failure),
    };

    /// <summary>How the last step changed the deviance; empty before the second round.</summary>
    public static string Step(FitView fit)
    {
        if (fit.Deviances.Length < 2) return "";
        var (before, last) = (fit.Deviances[^2], fit.Deviances[^1]);
        var change = before == 0 ? 0 : Math.Abs(last - before) / Math.Abs(before) * 100;
        return string.Create(CultureInfo.InvariantCulture, $"The last step {(last <= before ? "lowered" : "raised")} the deviance by {change:0.##} %, noise included.");
    }

    public static string Deviance(double deviance) => deviance.ToString("0.##", CultureInfo.InvariantCulture).Replace('-', '−');

    private static string Sentence(string text) => text.Length == 0 ? "It ended without a reason." : char.ToUpperInvariant(text[0]) + text[1..].TrimEnd('.') + ".";
}
