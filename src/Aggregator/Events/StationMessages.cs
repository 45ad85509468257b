namespace SecureAggregation.Aggregator.Events;

/// <summary>
/// Everything that the station logs (event ids 1000 to 1999; docs/station.md lists them). Arguments are names, ids, sizes and reasons,
/// never a message's content. The names Round and Outpost are also fields of the telemetry that readers of the event stream get.
/// </summary>
internal static partial class StationMessages
{
    [LoggerMessage(1000, LogLevel.Information, "The station of {Consortium} (roster epoch {Epoch}, {Words}) listens on {Address}; log {Origin} at size {Size}")]
    public static partial void Started(this ILogger log, string consortium, ulong epoch, string words, string address, string origin, long size);

    [LoggerMessage(1001, LogLevel.Information, "The station stops")]
    public static partial void Stopping(this ILogger log);

    [LoggerMessage(1002, LogLevel.Information, "The data folder was empty: a new log {Origin} begins")]
    public static partial void LogCreated(this ILogger log, string origin);

    [LoggerMessage(1003, LogLevel.Warning, "{Count} entries after the signed head at size {Size} were half-written and have been cut; nothing was done on them")]
    public static partial void TailCut(this ILogger log, long count, long size);

    [LoggerMessage(1004, LogLevel.Information, "Roster epoch {Epoch} replaces epoch {Before}")]
    public static partial void RosterReplaced(this ILogger log, ulong epoch, ulong before);

    [LoggerMessage(1005, LogLevel.Information, "Round {Round} goes on in phase {Phase} after {Entries} entries")]
    public static partial void RoundResumed(this ILogger log, string round, string phase, int entries);

    [LoggerMessage(1006, LogLevel.Warning, "All traffic is written in the clear to {Folder} (--trace-wire)")]
    public static partial void TracingWire(this ILogger log, string folder);

    [LoggerMessage(1007, LogLevel.Error, "Round {Round} cannot be read back from the log: {Reason}")]
    public static partial void RoundUnreadable(this ILogger log, string round, string reason);

    [LoggerMessage(1008, LogLevel.Warning, "{Count} masked vectors of round {Round} belong to nothing in the log and have been removed")]
    public static partial void VectorsWithoutEntry(this ILogger log, string round, int count);

    [LoggerMessage(1009, LogLevel.Warning, "{Count} masked vectors were half-written and have been cut; their outposts send them again")]
    public static partial void VectorsCut(this ILogger log, int count);

    [LoggerMessage(1010, LogLevel.Information, "The last run did not end in order: {Bytes} bytes of its write-ahead log were read back; what it had not committed is cut")]
    public static partial void ReadBack(this ILogger log, long bytes);

    [LoggerMessage(1011, LogLevel.Error, "Round {Round}: the masked vectors of {Outposts} are gone before their age")]
    public static partial void VectorsMissing(this ILogger log, string round, string outposts);

    [LoggerMessage(1012, LogLevel.Warning, "Round {Round}: the stored view is not this station's, or of an older form, and is made again from the entries")]
    public static partial void ViewRemade(this ILogger log, string round);

    [LoggerMessage(1013, LogLevel.Warning, "The log is at roster epoch {Epoch}, which was published while the station ran; the roster file is of epoch {File}. The station goes on with epoch {Epoch}: put that roster's file in its place")]
    public static partial void RosterFileOlder(this ILogger log, ulong epoch, ulong file);

    [LoggerMessage(1014, LogLevel.Information, "{By} published roster epoch {Epoch} ({Words}); it replaces epoch {Before}. Keys that count no more: {Revoked}")]
    public static partial void RosterPublished(this ILogger log, string by, ulong epoch, string words, ulong before, string revoked);

    [LoggerMessage(1015, LogLevel.Warning, "A roster of {By} was refused: {Reason}")]
    public static partial void RosterRefused(this ILogger log, string by, string reason);

    [LoggerMessage(1100, LogLevel.Information, "Outpost {Outpost} is online ({Software})")]
    public static partial void OutpostOnline(this ILogger log, string outpost, string software);

    [LoggerMessage(1101, LogLevel.Information, "Outpost {Outpost} is offline: {Reason}")]
    public static partial void OutpostOffline(this ILogger log, string outpost, string reason);

    [LoggerMessage(1102, LogLevel.Information, "Outpost {Outpost} opened a new stream; the old one is closed")]
    public static partial void StreamReplaced(this ILogger log, string outpost);

    [LoggerMessage(1103, LogLevel.Warning, "Outpost {Outpost} was turned away: {Reason}")]
    public static partial void HelloRefused(this ILogger log, string outpost, string reason);

    [LoggerMessage(1107, LogLevel.Information, "Outpost {Outpost} has a roster from before epoch {Epoch} and was told those that followed")]
    public static partial void SuccessionOffered(this ILogger log, string outpost, ulong epoch);

    [LoggerMessage(1104, LogLevel.Warning, "A frame of outpost {Outpost} was refused: {Reason}")]
    public static partial void FrameRefused(this ILogger log, string outpost, string reason);

    [LoggerMessage(1105, LogLevel.Warning, "A call to {Method} was denied: {Reason}")]
    public static partial void AccessDenied(this ILogger log, string method, string reason);

    [LoggerMessage(1108, LogLevel.Warning, "{Count} more calls of strangers were denied, without a line each")]
    public static partial void StrangersDenied(this ILogger log, int count);

    [LoggerMessage(1106, LogLevel.Critical, "Outpost {Outpost} has seen the log at size {Seen}; this log has only {Size}. Entries were lost or another log was put in place")]
    public static partial void LogBehindOutpost(this ILogger log, string outpost, ulong seen, long size);

    [LoggerMessage(1200, LogLevel.Information, "Round {Round} \"{Title}\" on {Dataset} by {Coordinator} is proposed to {Invited} outposts")]
    public static partial void RoundProposed(this ILogger log, string round, string title, string dataset, string coordinator, int invited);

    [LoggerMessage(1201, LogLevel.Information, "Round {Round}: {Broadcast} is out, {Parties} outposts are in")]
    public static partial void BroadcastSent(this ILogger log, string round, string broadcast, int parties);

    [LoggerMessage(1202, LogLevel.Information, "Round {Round}: {Kind} of {Outpost}, {Bytes} bytes")]
    public static partial void MessageTaken(this ILogger log, string round, string kind, string outpost, int bytes);

    [LoggerMessage(1203, LogLevel.Warning, "Round {Round}: {Kind} of {Outpost} was rejected: {Reason}")]
    public static partial void MessageRejected(this ILogger log, string round, string kind, string outpost, string reason);

    [LoggerMessage(1204, LogLevel.Information, "Round {Round}: the masked vector of {Outpost} is whole, {Bytes} bytes")]
    public static partial void VectorStored(this ILogger log, string round, string outpost, long bytes);

    [LoggerMessage(1205, LogLevel.Warning, "Round {Round}: the masked vector of {Outpost} was refused: {Reason}")]
    public static partial void VectorRefused(this ILogger log, string round, string outpost, string reason);

    [LoggerMessage(1206, LogLevel.Information, "Round {Round} is done: the total of {Parties} outposts was opened")]
    public static partial void RoundDone(this ILogger log, string round, int parties);

    [LoggerMessage(1207, LogLevel.Warning, "Round {Round} is aborted: {Reason}")]
    public static partial void RoundAborted(this ILogger log, string round, string reason);

    [LoggerMessage(1208, LogLevel.Warning, "Round {Round}: {Outpost} is convicted by its own messages: {Reason}")]
    public static partial void PartyBlamed(this ILogger log, string round, string outpost, string reason);

    [LoggerMessage(1209, LogLevel.Information, "{Outpost} cosigned the log at size {Size}")]
    public static partial void Cosigned(this ILogger log, string outpost, long size);

    [LoggerMessage(1210, LogLevel.Warning, "A cosignature of {Outpost} was refused: {Reason}")]
    public static partial void CosignatureRefused(this ILogger log, string outpost, string reason);

    [LoggerMessage(1211, LogLevel.Information, "Round {Round}: {Outpost} declined: {Reason}")]
    public static partial void PartyDeclined(this ILogger log, string round, string outpost, string reason);

    [LoggerMessage(1212, LogLevel.Error, "Round {Round} failed in a way that should not be possible")]
    public static partial void RoundFailed(this ILogger log, string round, Exception exception);

    [LoggerMessage(1300, LogLevel.Critical, "The transcript cannot be written: {Reason}. Rounds stop; reading goes on")]
    public static partial void StorageFailed(this ILogger log, string reason);

    [LoggerMessage(1301, LogLevel.Information, "The transcript can be written again")]
    public static partial void StorageBack(this ILogger log);

    [LoggerMessage(1302, LogLevel.Information, "Round {Round}: its masked vectors {Reason} and are deleted; their hashes stay in the log")]
    public static partial void VectorsExpired(this ILogger log, string round, string reason);

    [LoggerMessage(1303, LogLevel.Critical, "{Reason}. Rounds wait until the database is back")]
    public static partial void StorageAway(this ILogger log, string reason);

    [LoggerMessage(1304, LogLevel.Warning, "Round {Round} waits for the database: {Reason}")]
    public static partial void RoundWaits(this ILogger log, string round, string reason);

    [LoggerMessage(1400, LogLevel.Warning, "A query of {Caller} was refused: {Reason}")]
    public static partial void QueryRefused(this ILogger log, string caller, string reason);

    [LoggerMessage(1500, LogLevel.Information, "The file of accounts was read again: {Accounts} accounts, {Keys} keys")]
    public static partial void RightsRead(this ILogger log, int accounts, int keys);

    [LoggerMessage(1501, LogLevel.Warning, "The file of accounts cannot be read, and what was read before stays in force: {Reason}")]
    public static partial void RightsRefused(this ILogger log, string reason);

    [LoggerMessage(1502, LogLevel.Information, "REST listens on {Address}")]
    public static partial void RestListens(this ILogger log, string address);

    [LoggerMessage(1503, LogLevel.Information, "REST: {Caller}: {Method} {Path} was refused: {Code}")]
    public static partial void RestRefused(this ILogger log, string caller, string method, string path, string code);

    [LoggerMessage(1504, LogLevel.Error, "REST: {Method} {Path} failed in a way that should not be possible")]
    public static partial void RestFailed(this ILogger log, string method, string path, Exception exception);

    [LoggerMessage(1505, LogLevel.Warning, "The file of accounts holds what the log says is over, and it does not count: {Names}")]
    public static partial void RightsOver(this ILogger log, string names);
}
