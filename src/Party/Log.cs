using Microsoft.Extensions.Logging;

namespace SecureAggregation.Party;

/// <summary>
/// Everything that the outpost logs. Event ids 2000 to 2999 are its own and stay as they are; docs/outpost.md lists them.
/// Nothing here takes a cell, a name from data, a key, a seed, a share, noise or a vector.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Outpost {Party} of {Consortium}, epoch {Epoch}, key {Fingerprint}, software {Software}")]
    public static partial void Started(ILogger logger, string party, string consortium, ulong epoch, string fingerprint, string software);

    [LoggerMessage(2001, LogLevel.Information, "Outpost stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(2002, LogLevel.Warning, "status.json could not be written ({Error}); the outpost goes on")]
    public static partial void StatusNotWritten(ILogger logger, string error);

    [LoggerMessage(2003, LogLevel.Information, "Dataset {Dataset}: spent ε {Spent} of {Cap}")]
    public static partial void Budget(ILogger logger, string dataset, string spent, string cap);

    [LoggerMessage(2004, LogLevel.Information, "Ledger: {Entries} entries, head {Head}")]
    public static partial void LedgerHead(ILogger logger, long entries, string head);

    [LoggerMessage(2005, LogLevel.Warning, "Frames are written to {Directory} before they are encrypted: masked data only, for tests")]
    public static partial void Tracing(ILogger logger, string directory);

    [LoggerMessage(2006, LogLevel.Warning, "The policy lets '{Coordinator}' ask, whom the roster does not know")]
    public static partial void UnknownCoordinator(ILogger logger, string coordinator);

    [LoggerMessage(2007, LogLevel.Warning, "The policy refuses every query: {Floor}")]
    public static partial void UnreachableFloor(ILogger logger, string floor);

    [LoggerMessage(2008, LogLevel.Information, "Stopping: no new round is joined; {Rounds} under way have {Seconds} s to end")]
    public static partial void Leaving(ILogger logger, int rounds, double seconds);

    [LoggerMessage(2009, LogLevel.Information, "Stopping: of the rounds under way {Ended} have ended, {Left} were left")]
    public static partial void HasLeft(ILogger logger, int ended, int left);

    [LoggerMessage(2010, LogLevel.Critical,
        "This outpost's key has cosigned the station's log at {Cosigned} entries, and its state knows {Known}: the folder was put back from an old copy, was lost, or another outpost runs on a copy of it. " +
        "Debits are missing, so every query is refused. Stop the outpost, put the newest folder back, or write off what may have been spent: secagg-outpost ledger write-off")]
    public static partial void StateBehind(ILogger logger, long cosigned, long known);

    [LoggerMessage(2100, LogLevel.Information, "Connected to {Station} ({Software})")]
    public static partial void Connected(ILogger logger, string station, string software);

    [LoggerMessage(2101, LogLevel.Warning, "Not connected to {Station}, again in {Seconds:F1} s: {Problem}")]
    public static partial void Apart(ILogger logger, string station, double seconds, string problem);

    [LoggerMessage(2102, LogLevel.Debug, "Still not connected to {Station}, again in {Seconds:F1} s: {Problem}")]
    public static partial void StillApart(ILogger logger, string station, double seconds, string problem);

    [LoggerMessage(2103, LogLevel.Warning, "This clock and the station's differ by {Seconds:F0} s; rounds fail from 300 s on")]
    public static partial void ClockSkew(ILogger logger, double seconds);

    [LoggerMessage(2104, LogLevel.Information, "Roster epoch {Epoch} ({Words}) takes the place of epoch {Before}: it follows it, and this outpost's own key has signed it. The outpost begins anew with it")]
    public static partial void RosterTaken(ILogger logger, ulong epoch, string words, ulong before);

    [LoggerMessage(2105, LogLevel.Warning, "The station does not know this outpost's key, and the one that is to follow cannot be used: {Problem}")]
    public static partial void NextKeyUnusable(ILogger logger, string problem);

    [LoggerMessage(2200, LogLevel.Information, "Round {Round}: '{Title}' by {Coordinator} on {Dataset}, {Invited} outposts invited")]
    public static partial void Proposed(ILogger logger, string round, string title, string coordinator, string dataset, int invited);

    [LoggerMessage(2201, LogLevel.Information, "Round {Round}: joined, ε {Epsilon} debited, {Cells} cells of {Bits} bits")]
    public static partial void Joined(ILogger logger, string round, string epsilon, int cells, int bits);

    [LoggerMessage(2202, LogLevel.Information, "Round {Round}: joined with the answer of an earlier attempt, nothing debited")]
    public static partial void JoinedAgain(ILogger logger, string round);

    [LoggerMessage(2203, LogLevel.Warning, "Round {Round}: refused, {Code}: {Why}")]
    public static partial void Refused(ILogger logger, string round, string code, string why);

    [LoggerMessage(2204, LogLevel.Debug, "Round {Round}: {State}")]
    public static partial void Progress(ILogger logger, string round, string state);

    [LoggerMessage(2205, LogLevel.Information, "Round {Round}: unmasked, this outpost's noised answer is part of the total")]
    public static partial void Released(ILogger logger, string round);

    [LoggerMessage(2206, LogLevel.Warning, "Round {Round}: aborted by the station ({Reason})")]
    public static partial void Aborted(ILogger logger, string round, string reason);

    [LoggerMessage(2207, LogLevel.Information, "Round {Round}: the log holds this outpost's messages; head {Size} cosigned")]
    public static partial void Cosigned(ILogger logger, string round, long size);

    [LoggerMessage(2208, LogLevel.Critical, "Round {Round}: the station's log is wrong: {Why} Tell the other operators.")]
    public static partial void LogWrong(ILogger logger, string round, string why);

    [LoggerMessage(2209, LogLevel.Warning, "Too many rounds are open ({Rounds}); a proposal was not answered")]
    public static partial void TooManyRounds(ILogger logger, int rounds);

    [LoggerMessage(2210, LogLevel.Information, "Round {Round}: left for a newer attempt at the same query")]
    public static partial void Superseded(ILogger logger, string round);

    [LoggerMessage(2211, LogLevel.Information,
        "Round {Round}: the log was checked to head {Size}; this outpost did not say anything that it could look for there")]
    public static partial void HeadOnly(ILogger logger, string round, long size);

    [LoggerMessage(2212, LogLevel.Debug, "Round {Round}: seen before; nothing more is said in it")]
    public static partial void SeenBefore(ILogger logger, string round);

    [LoggerMessage(2213, LogLevel.Warning, "Round {Round}: left at {State}, because the outpost stops. It goes on without this outpost if enough others are left; what was debited stays debited")]
    public static partial void Left(ILogger logger, string round, string state);

    [LoggerMessage(2300, LogLevel.Information, "Dataset {Dataset}: pass over the data begins")]
    public static partial void PassBegins(ILogger logger, string dataset);

    [LoggerMessage(2301, LogLevel.Information, "Dataset {Dataset}: {Percent} % read")]
    public static partial void PassProgress(ILogger logger, string dataset, int percent);

    [LoggerMessage(2302, LogLevel.Information, "Dataset {Dataset}: pass over the data done in {Seconds:F1} s")]
    public static partial void PassDone(ILogger logger, string dataset, double seconds);

    [LoggerMessage(2304, LogLevel.Warning, "Dataset {Dataset}: {Count} fields are not what the schema says and counted as missing, the first: {Problem}")]
    public static partial void FieldsUnreadable(ILogger logger, string dataset, long count, string problem);

    [LoggerMessage(2307, LogLevel.Information, "Dataset {Dataset}: {Note}")]
    public static partial void SchemaNote(ILogger logger, string dataset, string note);

    [LoggerMessage(2305, LogLevel.Information, "Dataset {Dataset}: what it holds is version {Number} of the catalogue")]
    public static partial void NewVersion(ILogger logger, string dataset, int number);

    [LoggerMessage(2306, LogLevel.Warning, "Dataset {Dataset}: could not be read for the catalogue, whose last version goes on to count: {Problem}")]
    public static partial void CatalogueFailed(ILogger logger, string dataset, string problem);

    [LoggerMessage(2308, LogLevel.Warning, "Dataset {Dataset}: {Warning}")]
    public static partial void SourceWarning(ILogger logger, string dataset, string warning);

    [LoggerMessage(2303, LogLevel.Error, "Dataset {Dataset}: {Problem}")]
    public static partial void DataProblem(ILogger logger, string dataset, string problem);

    [LoggerMessage(2900, LogLevel.Critical, "Round {Round}: left without a word, because the state directory failed: {Problem}")]
    public static partial void StateFailed(ILogger logger, string round, string problem);

    [LoggerMessage(2901, LogLevel.Error, "Round {Round}: left without a word after an unexpected failure ({Error}){Place}")]
    public static partial void Unexpected(ILogger logger, string round, string error, string place);
}
