using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Client;

/// <summary>
/// A consortium as its coordinators, parties and auditors see it through the station. The station is not trusted: what it says about
/// connections and progress is shown as its word, and a total counts only after <see cref="VerifyAsync(byte[], CancellationToken)"/>.
/// </summary>
/// <remarks>
/// Every call throws <see cref="StationUnavailableException"/> when the station does not answer, <see cref="StationRefusedException"/> when it
/// says no, and <see cref="OperationCanceledException"/> when the token is cancelled. Safe for use by many threads.
/// </remarks>
public interface IConsortium : IAsyncDisposable
{
    /// <summary>The roster that this client is pinned to: not the station's word.</summary>
    Roster Roster { get; }

    /// <summary>
    /// Goes on under a later roster of the same log, which the caller trusts as the one before: calls from now on are under it, those under way end. Evidence of
    /// earlier rounds is checked under the roster of its time.
    /// </summary>
    /// <exception cref="ArgumentException">It is no later one of the same log, or does not name the identity that this client connects as.</exception>
    void GoOnUnder(Roster next);

    /// <summary>The key that this client connects with.</summary>
    IdentityPublicKey Identity { get; }

    /// <summary>The station's view: outposts, quorum, head of the log, newest alerts.</summary>
    Task<ConsortiumView> GetConsortiumAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Brings the station the roster that follows the one in force, signed by all of its founders. Rounds that run end first, which may take minutes; from then on
    /// every call is under the new one, and this client's is the one before.
    /// </summary>
    /// <param name="signed">Encoding of a SignedRoster.</param>
    /// <param name="cancellation">Gives up waiting; what was published stays published.</param>
    Task<PublishRosterReply> PublishRosterAsync(byte[] signed, CancellationToken cancellation = default);

    /// <summary>The rosters that followed the pinned one, oldest first, as the station tells: <see cref="Succession"/> says what may be believed of them.</summary>
    Task<IReadOnlyList<byte[]>> GetSuccessionAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Puts an act of this client's own program, signed with its key, into the log: who was let into a dashboard, and by whom. Only for keys of coordinators and auditors.
    /// The same act again gives the same entry.
    /// </summary>
    /// <param name="act">What was done; its number is the caller's next (<see cref="ActOrder"/>), its signer is set here.</param>
    /// <param name="cancellation">Gives up waiting; it may be in the log all the same.</param>
    /// <returns>Its entry, or 0 and the number that is next.</returns>
    /// <exception cref="TranscriptException">The act breaks a rule.</exception>
    Task<RecordActReply> RecordActAsync(Act act, CancellationToken cancellation = default);

    /// <summary>Rounds, newest first.</summary>
    /// <param name="limit">At most 500.</param>
    /// <param name="offset">Rounds to skip.</param>
    /// <param name="filter">Which; null for all.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    Task<ListRoundsReply> ListRoundsAsync(int limit = 50, int offset = 0, RoundFilter? filter = null, CancellationToken cancellation = default);

    /// <summary>
    /// Asks: resolves the query against the schema that the outposts offer, signs it for the pinned roster, and submits it.
    /// </summary>
    /// <param name="query">The question.</param>
    /// <param name="coordinator">Key of a coordinator of the roster; stays the caller's. Null: the identity that this client connects as.</param>
    /// <param name="options">How it is asked; null for the defaults.</param>
    /// <param name="cancellation">Gives up asking; a question that was submitted already stays submitted.</param>
    /// <exception cref="QuestionException">Nobody offers the dataset, or the query does not fit its schema or the protocol's rules.</exception>
    Task<RoundHandle> AskAsync(AnalysisQuery query, IdentityKey? coordinator, AskOptions? options = null, CancellationToken cancellation = default);

    /// <summary>
    /// What a question will give and cost: widths of its intervals, what each outpost would charge and has left, who would refuse. Spends nothing. The
    /// question is signed with no attempts, which no outpost runs.
    /// </summary>
    /// <param name="query">The question.</param>
    /// <param name="coordinator">Key of a coordinator of the roster; stays the caller's. Null: the identity that this client connects as.</param>
    /// <param name="options">How it is planned; null for the defaults.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="QuestionException">Nobody offers the dataset, or the query does not fit its schema or the protocol's rules.</exception>
    Task<QueryPlan> PlanAsync(AnalysisQuery query, IdentityKey? coordinator, PlanOptions? options = null, CancellationToken cancellation = default);

    /// <summary>
    /// Fits a regression over several rounds: asks each, waits for it, checks its evidence, and goes on from its totals until the fit has converged or
    /// says why not.
    /// </summary>
    /// <param name="query">With a logistic or Poisson regression as its only measure; its ε is for all rounds.</param>
    /// <param name="coordinator">Key of a coordinator of the roster; stays the caller's. Null: the identity that this client connects as.</param>
    /// <param name="options">How each round is asked; null for the defaults.</param>
    /// <param name="progress">Told after each round.</param>
    /// <param name="cancellation">Gives up; what is spent stays spent.</param>
    /// <exception cref="QuestionException">It is no such query, or cannot be asked.</exception>
    /// <exception cref="RoundFailedException">A round was aborted, or its evidence does not hold.</exception>
    Task<ModelFit> FitAsync(
        AnalysisQuery query, IdentityKey? coordinator, AskOptions? options = null, Action<ModelFit>? progress = null, CancellationToken cancellation = default);

    /// <summary>Asks, waits for the end, tries aborted rounds again, and checks the evidence; a regression over several rounds is fitted.</summary>
    /// <param name="query">The question.</param>
    /// <param name="coordinator">Key of a coordinator of the roster; stays the caller's. Null: the identity that the client connects as.</param>
    /// <param name="options">How it is asked, and who is told; null for the defaults.</param>
    /// <param name="confidence">Of the intervals, 0.5 to 0.999999.</param>
    /// <param name="cancellation">Gives up; a round that is under way goes on, and what is spent stays spent.</param>
    /// <exception cref="QuestionException">It cannot be asked as it is; nothing was spent.</exception>
    /// <exception cref="RoundFailedException">No number was opened, or its evidence does not hold.</exception>
    /// <exception cref="ConsortiumException">The station is away or refuses.</exception>
    Task<Answer> AnswerAsync(
        AnalysisQuery query, IdentityKey? coordinator = null, AskOptions? options = null, double confidence = 0.95, CancellationToken cancellation = default);

    /// <summary>Submits a query that was signed elsewhere.</summary>
    Task<RoundHandle> SubmitAsync(SignedQuery query, TimeSpan? phaseDeadline = null, CancellationToken cancellation = default);

    /// <summary>A round by its id. Nothing is asked of the station yet.</summary>
    /// <exception cref="ArgumentException">The id is not 16 bytes.</exception>
    RoundHandle Round(byte[] roundId);

    /// <summary>Stops a running round; for coordinators.</summary>
    Task AbortRoundAsync(byte[] roundId, CancellationToken cancellation = default);

    /// <summary>One round, as it stands now.</summary>
    /// <param name="roundId">16 bytes.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="RoundNotFoundException">The station knows no such round.</exception>
    Task<RoundView> GetRoundAsync(byte[] roundId, CancellationToken cancellation = default);

    /// <summary>
    /// The question that a round asks, from its proposal in the log: to look at, to change, or to submit once more. The signature is checked against the pinned roster, so the
    /// question is a coordinator's; that this round asked it is the station's word until the round's evidence is checked.
    /// </summary>
    /// <param name="roundId">16 bytes.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="RoundNotFoundException">The station knows no such round.</exception>
    /// <exception cref="QuestionException">What the station gave is not that round's proposal, or its query is no coordinator's of the roster.</exception>
    Task<AskedQuestion> GetQuestionAsync(byte[] roundId, CancellationToken cancellation = default);

    /// <summary>
    /// What happens, as it happens. With <paramref name="reconnect"/> the stream outlives the station: it dials again with backoff (0.5 s to 15 s)
    /// and goes on after the last event seen; without it, the loss of the stream throws <see cref="StationUnavailableException"/>.
    /// </summary>
    /// <param name="after">Sequence of the last event seen; 0 starts with the next one.</param>
    /// <param name="reconnect">Whether to dial again.</param>
    /// <param name="cancellation">Ends the stream.</param>
    IAsyncEnumerable<Event> WatchAsync(ulong after = 0, bool reconnect = true, CancellationToken cancellation = default);

    /// <summary>Writes the round's bundle (roster, checkpoint, entries, masked vectors) to a stream; docs/transcript.md section 2.</summary>
    /// <param name="roundId">16 bytes.</param>
    /// <param name="destination">Takes the file.</param>
    /// <param name="remembered">A head of the log that is remembered: the bundle then has the proof that both are of one log. Null: none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Bytes written.</returns>
    Task<long> ExportBundleAsync(byte[] roundId, Stream destination, Checkpoint? remembered = null, CancellationToken cancellation = default);

    /// <summary>The newest head of the log, signed by the roster's station, with the cosignatures that it has.</summary>
    /// <exception cref="TranscriptException">The station's signature does not verify, or it is another log's head.</exception>
    Task<Checkpoint> GetCheckpointAsync(CancellationToken cancellation = default);

    /// <summary>
    /// The head that evidence of a round is under: of the time of the round's roster, in which station and outposts may have had other keys. Unchecked: <see cref="Checkpoint.CheckStation"/> does that, with the roster of that time.
    /// </summary>
    /// <param name="entry">The last entry of the round, above 0.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="TranscriptException">It is no head of a log.</exception>
    Task<Checkpoint> GetEvidenceHeadAsync(long entry, CancellationToken cancellation = default);

    /// <summary>The proof that the log of one size extends that of another. Unchecked: <see cref="MerkleTree.VerifyConsistency"/> does that.</summary>
    Task<IReadOnlyList<byte[]>> GetConsistencyAsync(long oldSize, long newSize, CancellationToken cancellation = default);

    /// <summary>The path from an entry's leaf hash to the root of the log of a size. Unchecked: <see cref="MerkleTree.VerifyInclusion"/> does that.</summary>
    Task<IReadOnlyList<byte[]>> GetInclusionAsync(long index, long size, CancellationToken cancellation = default);

    /// <summary>Entries of the log as they are hashed, from one on; fewer than asked for when they are large, none at the end. Unchecked.</summary>
    /// <param name="start">Index of the first.</param>
    /// <param name="limit">1 to 1000.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    Task<IReadOnlyList<byte[]>> ListEntriesAsync(long start, int limit, CancellationToken cancellation = default);

    /// <summary>One entry, with its place in the newest head and its signature checked against the pinned roster.</summary>
    /// <param name="index">Its place in the log, from 0.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null when the log ends before it; an entry that does not hold gives a report that says so.</returns>
    /// <exception cref="TranscriptException">The head is not signed by the roster's station.</exception>
    Task<EntryReport?> CheckEntryAsync(long index, CancellationToken cancellation = default);

    /// <summary>A head of the log that somebody remembers, as a signed note.</summary>
    /// <exception cref="TranscriptException">It is no note of a head that the pinned roster's station signed.</exception>
    Checkpoint ReadHead(string note);

    /// <summary>
    /// Fetches a round's bundle and checks it against the pinned roster, and its log against the head that is remembered
    /// (<see cref="ConsortiumOptions.Heads"/>): nothing is taken from the station's word. A head that passes is remembered.
    /// </summary>
    /// <returns>The report; a round that fails its checks gives a report that says so, not an exception.</returns>
    Task<RoundReport> VerifyAsync(byte[] roundId, CancellationToken cancellation = default);

    /// <summary>The same, against a head that is given, and telling how far it is. With a given head nothing is remembered.</summary>
    Task<RoundReport> VerifyAsync(byte[] roundId, VerifyWishes wishes, CancellationToken cancellation = default);

    /// <summary>Checks a bundle that was exported before. Needs no station.</summary>
    Task<RoundReport> VerifyAsync(Stream bundle, CancellationToken cancellation = default);

    /// <summary>The same, against a head that is given, and telling how far it is.</summary>
    Task<RoundReport> VerifyAsync(Stream bundle, VerifyWishes wishes, CancellationToken cancellation = default);
}
