namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>What accounts did through the deck's key: the station sees that key alone.</summary>
internal static partial class DeckLog
{
    [LoggerMessage(7014, LogLevel.Warning, "{Account} stopped round {Round}")]
    public static partial void Stopped(ILogger logger, string account, string round);
}
