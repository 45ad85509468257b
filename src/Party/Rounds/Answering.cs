using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Storage;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Rounds;

/// <summary>Answers questions from this outpost's datasets, within its policy and budget.</summary>
internal sealed class Answering(
    IReadOnlyDictionary<string, Dataset> datasets,
    Policy policy,
    Guard guard,
    PartySecret secret,
    Protocol.Roster roster,
    TimeProvider clock,
    RandomNumberGenerator random,
    ILogger<Answering> logger) : IDisposable
{
    private const int ProgressEvery = 10;

    /// <summary>Longer than any round: its phases have ten minutes each.</summary>
    private static readonly TimeSpan s_longestRound = TimeSpan.FromHours(2);

    private readonly SemaphoreSlim _passes = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Checks a question against schema and policy: all that does not change while the outpost runs.</summary>
    /// <exception cref="RefusalException">It is not answered.</exception>
    public Plan Plan(Question question, int invited)
    {
        var query = question.Query;
        if (!datasets.TryGetValue(query.Dataset, out var dataset))
            throw new RefusalException(RefusalCode.UnknownDataset, "This outpost has no such dataset.");
        var analysis = Checked(RefusalCode.BadMessage, () => Analysis.Decode(query.Analysis.Span));
        var decision = policy.Decide(new Request
        {
            Coordinator = question.Coordinator.Name,
            CoordinatorKey = question.Coordinator.Key.Fingerprint,
            Study = query.Study,
            Dataset = query.Dataset,
            Operations = [.. analysis.Measures.Select(m => Operations.Name(m.Kind)).Distinct()],
            Columns = [.. analysis.Columns.Select(c => c.Name)],
            HasFilter = analysis.Where is not null,
            HasGroups = analysis.GroupBy.Count > 0,
            RowsPerPerson = analysis.RowsPerPerson,
            GroupsPerPerson = analysis.GroupsPerPerson,
            EpsilonMicro = (long)query.EpsilonMicro,
            Noise = query.Noise,
            Invited = invited,
            MinSurvivors = Math.Max((int)query.MinSurvivors, roster.MinSurvivors),
            Colluders = roster.MaxColluders,
        });
        if (decision.Code != RefusalCode.Unspecified) throw new RefusalException(decision.Code, decision.Why);
        var layout = Checked(RefusalCode.Schema, () =>
        {
            analysis.RequireFit(dataset.Schema.Schema);
            return VectorLayout.Create(analysis, new MicroEpsilon((long)query.EpsilonMicro), (NoiseMode)query.Noise, invited, question.HonestFloor);
        });
        return new Plan(dataset, layout, decision.Grant!, question, guard.VersionOf(dataset.Name));
    }

    /// <summary>What would be done with a question now. Nothing is spent and nothing recorded.</summary>
    /// <param name="question">The question.</param>
    /// <param name="invited">Parties that would be asked.</param>
    /// <param name="isPaid">Whether a plan has been paid for and not been answered: it costs nothing more. Null: none has.</param>
    /// <exception cref="StoreException">The state cannot be read.</exception>
    public Assessment Assess(Question question, int invited, Func<Plan, bool>? isPaid = null)
    {
        try
        {
            var plan = Plan(question, invited);
            return guard.Assess(plan, isPaid?.Invoke(plan) == true);
        }
        catch (RefusalException e)
        {
            return new Assessment { Code = e.Code, Why = e.Message };
        }
    }

    /// <summary>Acts on an assessment: gives the plan of a question that is answered, and stores one that a person must look at first.</summary>
    /// <exception cref="RefusalException">It is not answered, or not yet.</exception>
    /// <exception cref="StoreException">The state failed.</exception>
    public Plan Admit(Assessment assessment) => guard.Admit(assessment).Granted();

    /// <inheritdoc cref="Guard.MayAgree"/>
    public bool MayAgree(Plan plan, byte[] roundId, IReadOnlyList<uint> survivors) => guard.MayAgree(plan, roundId, survivors);

    /// <inheritdoc cref="Guard.MarkAnswered"/>
    public void MarkAnswered(byte[] roundId, ReadOnlySpan<byte> total) => guard.MarkAnswered(roundId, SHA256.HashData(total));

    /// <summary>Pays, durably, or refuses.</summary>
    /// <exception cref="RefusalException">The budget does not suffice.</exception>
    /// <exception cref="StoreException">The ledger could not be written; nothing was paid.</exception>
    public void Debit(PartyRound round, Plan plan) => guard.Debit(round.RoundId, plan);

    /// <summary>An answer that has not been computed yet; its noise is drawn before data is touched.</summary>
    public QueryAnswer Begin(PartyRound round, Plan plan) => new(
        plan,
        () => VectorNoise.Draw(plan.Layout, random),
        Until(round.Question.Query.NotAfter));

    /// <summary>When the last round of a query is over; a query may be good until the end of the calendar.</summary>
    private static DateTimeOffset Until(ulong notAfter)
    {
        var end = DateTimeOffset.FromUnixTimeSeconds((long)notAfter);
        return end < DateTimeOffset.MaxValue - s_longestRound ? end + s_longestRound : DateTimeOffset.MaxValue;
    }

    /// <summary>One pass over the data.</summary>
    /// <exception cref="DataSourceException">The data is not what the schema says.</exception>
    public async Task<NoisedVector> SumAsync(Plan plan, VectorNoise noise)
    {
        var problems = 0L;
        string? first = null;
        await _passes.WaitAsync(_stopping.Token);
        try
        {
            var began = clock.GetTimestamp();
            Log.PassBegins(logger, plan.Dataset.Name);
            var vector = plan.Dataset.Sum(plan.Layout, noise, secret.Span, plan.QueryHash, Note, Progress, _stopping.Token, Warn);
            if (first is not null) Log.FieldsUnreadable(logger, plan.Dataset.Name, problems, first);
            Log.PassDone(logger, plan.Dataset.Name, clock.GetElapsedTime(began).TotalSeconds);
            return vector;
        }
        finally
        {
            _passes.Release();
        }

        void Note(string problem)
        {
            problems++;
            first ??= problem;
        }

        void Warn(string warning) => Log.SourceWarning(logger, plan.Dataset.Name, warning);

        void Progress(int percent)
        {
            if (percent % ProgressEvery == 0) Log.PassProgress(logger, plan.Dataset.Name, percent);
        }
    }

    /// <summary>Passes that run end with <see cref="OperationCanceledException"/>.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Dispose();
        _passes.Dispose();
    }

    private static T Checked<T>(RefusalCode code, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (AnalysisException e)
        {
            throw new RefusalException(code, e.Message);
        }
    }
}
