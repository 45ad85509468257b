namespace SecureAggregation.Aggregator.Hosting;

/// <summary>Why a transcript is refused at the start; each message ends with the name of its kind, and docs/station.md says what to do.</summary>
internal enum TranscriptFault
{
    None,
    StoreUnreadable,
    StoreNewer,
    HeadMissing,
    HeadUnreadable,
    HeadDiffers,
    HeadOtherLog,
    HeadSignature,
    EntryMissing,
    EntryChanged,
    EntryRound,
    EntryUnreadable,
    EntriesLost,
    RootDiffers,
    RosterMissing,
    RosterChain,
    RosterOther,
    CheckpointUnreadable,
    CheckpointDiffers,
    CheckpointBeyond,
    CheckpointRoot,
    CheckpointSignature,
    CosignatureAlone,
    CosignatureWrong,
    VectorChanged,
}
