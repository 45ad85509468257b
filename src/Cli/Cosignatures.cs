using SecureAggregation.Client;

namespace SecureAggregation.Cli;

/// <summary>
/// After a total the outposts check the log and cosign its head, which takes them a moment. A bundle that is exported then carries their
/// signatures; one that is exported at once verifies too, but shows nobody's word but the station's that the log is the one everybody sees.
/// </summary>
internal static class Cosignatures
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until so many outposts have cosigned, but not long: they may be gone.</summary>
    public static async Task WaitAsync(RoundHandle round, int wanted, CancellationToken stop)
    {
        for (var waited = TimeSpan.Zero; waited < s_patience; waited += s_look)
        {
            if ((await round.GetAsync(stop)).Cosignatures >= wanted) return;
            await Task.Delay(s_look, stop);
        }
    }
}
