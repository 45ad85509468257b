using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Google.Protobuf;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>The SDK as a test wants it to behave; what no page calls is not supported.</summary>
internal sealed class FakeConsortium : IConsortium
{
    private static readonly Lazy<Testing.Members> Members = new(() => new Testing.Members());

    public FakeConsortium() => OnCheckEntry = index => Acts.ElementAtOrDefault((int)index - 1) is { } act ? Logged(index, act) : null;

    public Channel<Event> Events { get; private set; } = Channel.CreateUnbounded<Event>();

    public Roster Roster { get; private set; } = Members.Value.Roster;

    public void GoOnUnder(Roster next) => Roster = next.Epoch > Roster.Epoch ? next : throw new ArgumentException("Only a later one follows.", nameof(next));

    public IdentityPublicKey Identity => Members.Value.Auditor.Public;

    /// <summary>Acts that were brought.</summary>
    public List<Act> Acts { get; } = [];

    public ConsortiumView View { get; set; } = new();

    public List<RoundView> Rounds { get; } = [];

    public Exception? Away { get; set; }

    public int Fetched { get; private set; }

    public Func<byte[], RoundReport> OnVerify { get; set; } = id => new RoundReport { RoundId = id, Passed = true, Steps = [new ReportStep("total", true, "equal")] };

    public Func<Stream, Task<long>> OnExport { get; set; } = _ => Task.FromException<long>(new RoundNotFoundException("The station has no evidence of such a round."));

    /// <summary>What is answered to an act, where a test says so.</summary>
    public Func<Act, RecordActReply>? OnRecordAct { get; set; }

    /// <summary>Rounds that were told to stop.</summary>
    public List<byte[]> Stopped { get; } = [];

    /// <summary>What the next answers wait for; a test that answers late holds it.</summary>
    public Func<Task> Late { get; set; } = () => Task.CompletedTask;

    public Func<byte[], RoundView> OnGetRound { get; set; } = _ => throw new RoundNotFoundException("none");

    /// <summary>Ends the stream of events, and makes a fresh one for the next watcher.</summary>
    public void Cut()
    {
        var old = Events;
        Events = Channel.CreateUnbounded<Event>();
        old.Writer.TryComplete();
    }

    public Task<ConsortiumView> GetConsortiumAsync(CancellationToken cancellation = default)
    {
        Fetched++;
        return Away is null ? Task.FromResult(View) : Task.FromException<ConsortiumView>(Away);
    }

    public Task<PublishRosterReply> PublishRosterAsync(byte[] signed, CancellationToken cancellation = default) => throw new NotSupportedException();

    public Task<RecordActReply> RecordActAsync(Act act, CancellationToken cancellation = default)
    {
        if (Away is not null) return Task.FromException<RecordActReply>(Away);
        if (OnRecordAct is not null) return Task.FromResult(OnRecordAct(act));
        if (act.Number == (ulong)Acts.Count + 1) Acts.Add(act.Clone());
        return Task.FromResult(new RecordActReply { Entry = act.Equals(Acts.ElementAtOrDefault((int)act.Number - 1)) ? act.Number : 0, Next = (ulong)Acts.Count + 1 });
    }

    public Task<IReadOnlyList<byte[]>> GetSuccessionAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

    public async Task<ListRoundsReply> ListRoundsAsync(int limit = 50, int offset = 0, RoundFilter? filter = null, CancellationToken cancellation = default)
    {
        await Late();
        if (Away is not null) throw Away;
        return RoundListing.Of(Rounds, new ListRoundsRequest
        {
            Limit = (uint)limit, Offset = (uint)offset, State = filter?.State ?? default, Find = filter?.Find ?? "", Content = ByteString.CopyFrom((filter?.Content ?? default).Span), Brief = filter?.Brief ?? false,
        });
    }

    public async Task<RoundView> GetRoundAsync(byte[] roundId, CancellationToken cancellation = default)
    {
        await Late();
        return OnGetRound(roundId);
    }

    /// <summary>Questions by round, in hexadecimal digits.</summary>
    public Dictionary<string, AskedQuestion> Questions { get; } = [];

    public Task<AskedQuestion> GetQuestionAsync(byte[] roundId, CancellationToken cancellation = default) => Questions.TryGetValue(Convert.ToHexStringLower(roundId), out var question)
        ? Task.FromResult(question)
        : Task.FromException<AskedQuestion>(new RoundNotFoundException("The station knows no such round."));

    public async IAsyncEnumerable<Event> WatchAsync(ulong after = 0, bool reconnect = true, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var happened in Events.Reader.ReadAllAsync(cancellation)) yield return happened;
    }

    public Func<Stream, VerifyWishes, RoundReport> OnVerifyBundle { get; set; } = (_, _) => throw new NotSupportedException();

    public Func<string, Checkpoint> OnReadHead { get; set; } = Checkpoint.Parse;

    /// <summary>Entries in one answer, however many were asked for.</summary>
    public int MostAtOnce { get; set; } = 1000;

    /// <summary>The station's log; null while it has none that can be read.</summary>
    public FakeLog? Log { get; set; }

    /// <summary>Unless a test says otherwise the log holds the acts, from its entry 1 on.</summary>
    public Func<long, EntryReport?> OnCheckEntry { get; set; }

    /// <summary>What the pages wished for when they had evidence checked.</summary>
    public VerifyWishes? Wished { get; private set; }

    public Task<RoundReport> VerifyAsync(byte[] roundId, CancellationToken cancellation = default) => VerifyAsync(roundId, new VerifyWishes(), cancellation);

    public async Task<RoundReport> VerifyAsync(byte[] roundId, VerifyWishes wishes, CancellationToken cancellation = default)
    {
        Wished = wishes;
        await Late();
        return Away is null ? OnVerify(roundId) : throw Away;
    }

    public Task<RoundReport> VerifyAsync(Stream bundle, VerifyWishes wishes, CancellationToken cancellation = default)
    {
        Wished = wishes;
        return Task.FromResult(OnVerifyBundle(bundle, wishes));
    }

    public async Task<EntryReport?> CheckEntryAsync(long index, CancellationToken cancellation = default)
    {
        await Late();
        return Away is null ? OnCheckEntry(index) : throw Away;
    }

    public Checkpoint ReadHead(string note) => OnReadHead(note);

    public Task<IReadOnlyList<byte[]>> GetInclusionAsync(long index, long size, CancellationToken cancellation = default) => throw new NotSupportedException();

    public Task<RoundReport> VerifyAsync(Stream bundle, CancellationToken cancellation = default) => throw new NotSupportedException();

    public Task<long> ExportBundleAsync(byte[] roundId, Stream destination, Checkpoint? remembered = null, CancellationToken cancellation = default) => OnExport(destination);

    public Task<Checkpoint> GetCheckpointAsync(CancellationToken cancellation = default) => Away is null && Log is not null ? Task.FromResult(Log.Head) : Task.FromException<Checkpoint>(Away ?? new StationUnavailableException("There is no log."));

    public Task<Checkpoint> GetEvidenceHeadAsync(long entry, CancellationToken cancellation = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<byte[]>> GetConsistencyAsync(long oldSize, long newSize, CancellationToken cancellation = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<byte[]>> ListEntriesAsync(long start, int limit, CancellationToken cancellation = default) =>
        Task.FromResult<IReadOnlyList<byte[]>>([.. Log!.Read((int)start, Math.Min(limit, MostAtOnce))]);

    public Task<RoundHandle> AskAsync(AnalysisQuery query, IdentityKey? coordinator, AskOptions? options = null, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public Task<Answer> AnswerAsync(AnalysisQuery query, IdentityKey? coordinator = null, AskOptions? options = null, double confidence = 0.95, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public Func<AnalysisQuery, QueryPlan> OnPlan { get; set; } = _ => throw new QuestionException("No plan");

    public Task<QueryPlan> PlanAsync(AnalysisQuery query, IdentityKey? coordinator, PlanOptions? options = null, CancellationToken cancellation = default)
    {
        try
        {
            return Task.FromResult(OnPlan(query));
        }
        catch (ConsortiumException e)
        {
            return Task.FromException<QueryPlan>(e);
        }
    }

    public Func<AnalysisQuery, Action<ModelFit>?, CancellationToken, Task<ModelFit>> OnFit { get; set; } = (_, _, _) => throw new NotSupportedException();

    public Task<ModelFit> FitAsync(
        AnalysisQuery query, IdentityKey? coordinator, AskOptions? options = null, Action<ModelFit>? progress = null, CancellationToken cancellation = default) =>
        OnFit(query, progress, cancellation);

    public Task<RoundHandle> SubmitAsync(SignedQuery query, TimeSpan? phaseDeadline = null, CancellationToken cancellation = default) => throw new NotSupportedException();

    public RoundHandle Round(byte[] roundId) => throw new NotSupportedException();

    public Task AbortRoundAsync(byte[] roundId, CancellationToken cancellation = default)
    {
        Stopped.Add(roundId);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static EntryReport Logged(long index, Act act)
    {
        var leaf = LogLeaf.Read(index, ActEntry.Of(ActEntry.Sign(Members.Value.Roster, act, Members.Value.Auditor), DateTimeOffset.UnixEpoch).ToByteArray());
        var head = Checkpoint.Create(Members.Value.Roster.LogOrigin, index + 1, leaf.Hash, Members.Value.Station);
        return new EntryReport { Logged = leaf, Head = head, Path = [], InLog = true, Sender = "Deck", Signed = true, SignedDetail = "signed" };
    }
}
