using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Storage;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Rounds;

/// <summary>What a query means here: checked against schema and policy, priced, and laid out. Nothing of it comes from data.</summary>
internal sealed record Plan(Dataset Dataset, VectorLayout Layout, BudgetCaps Caps, byte[] QueryHash)
{
    public MicroEpsilon Epsilon => Layout.Epsilon;

    public RoundShape Shape => new(Layout.Bits, Layout.Length);

    /// <summary>
    /// Names the answer that belongs to this plan. The number of invited parties is part of it: elements are laid out for so many.
    /// </summary>
    public byte[] AnswerKey => [.. QueryHash, .. BitConverter.GetBytes(Layout.InvitedParties)];

    /// <summary>The vector in the form that is masked; the caller owns it.</summary>
    public RingVector ToRing(NoisedVector vector)
    {
        var elements = new ulong[Layout.Length];
        vector.WriteRing(elements);
        var ring = new RingVector(Layout.Bits, Layout.Length);
        for (var i = 0; i < elements.Length; i++) ring[i] = elements[i];
        Array.Clear(elements);
        return ring;
    }
}

/// <summary>Answers questions from this outpost's datasets, within its policy and budget.</summary>
internal sealed class Answering(
    IReadOnlyDictionary<string, Dataset> datasets,
    Policy policy,
    Ledger ledger,
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

    /// <summary>Checks a question against schema and policy.</summary>
    /// <exception cref="RefusalException">It is not answered.</exception>
    public Plan Plan(Question question, int invited)
    {
        var query = question.Query;
        if (!datasets.TryGetValue(query.Dataset, out var dataset))
            throw new RefusalException(RefusalCode.UnknownDataset, "This outpost has no such dataset.");
        var analysis = Checked(RefusalCode.BadMessage, () => Analysis.Decode(query.Analysis.Span));
        var decision = policy.Decide(new Request(
            question.Coordinator.Name,
            question.Coordinator.Key.Fingerprint,
            query.Dataset,
            [.. analysis.Measures.Select(m => Operations.Name(m.Kind)).Distinct()],
            [.. analysis.Columns.Select(c => c.Name)],
            (long)query.EpsilonMicro,
            query.Noise,
            invited,
            Math.Max((int)query.MinSurvivors, roster.MinSurvivors),
            roster.MaxColluders));
        if (decision.Code != RefusalCode.Unspecified) throw new RefusalException(decision.Code, decision.Why);
        var layout = Checked(RefusalCode.Schema, () =>
        {
            analysis.RequireFit(dataset.Schema.Schema);
            return VectorLayout.Create(analysis, new MicroEpsilon((long)query.EpsilonMicro), NoiseMode.Local, invited);
        });
        return new Plan(dataset, layout, decision.Caps!, question.Hash);
    }

    /// <summary>Pays, durably, or refuses.</summary>
    /// <exception cref="RefusalException">The budget does not suffice.</exception>
    /// <exception cref="StoreException">The ledger could not be written; nothing was paid.</exception>
    public void Debit(PartyRound round, Plan plan)
    {
        var coordinator = round.Question.Coordinator.Key.Fingerprint;
        var noise = (int)round.Question.Query.Noise;
        var debit = new Debit(round.Question.Hash, round.RoundId, plan.Dataset.Name, coordinator, plan.Epsilon.Micro, noise);
        switch (ledger.TryDebit(debit, plan.Caps))
        {
            case DebitOutcome.Debited: return;
            case DebitOutcome.RoundDebited: throw new RefusalException(RefusalCode.RoundSeen, "This round was paid for before.");
            case DebitOutcome.OverCoordinator:
                throw new RefusalException(RefusalCode.Budget, $"ε {plan.Epsilon} is more than this coordinator has left on " +
                    $"'{plan.Dataset.Name}' (policy: epsilon_per_coordinator).");
            default:
                throw new RefusalException(
                    RefusalCode.Budget, $"ε {plan.Epsilon} is more than is left on '{plan.Dataset.Name}' (policy: epsilon_total).");
        }
    }

    /// <summary>An answer that has not been computed yet; its noise is drawn before data is touched.</summary>
    public QueryAnswer Begin(PartyRound round, Plan plan) => new(
        plan,
        () => LocalNoise.Draw(plan.Layout, random),
        Until(round.Question.Query.NotAfter));

    /// <summary>When the last round of a query is over; a query may be good until the end of the calendar.</summary>
    private static DateTimeOffset Until(ulong notAfter)
    {
        var end = DateTimeOffset.FromUnixTimeSeconds((long)notAfter);
        return end < DateTimeOffset.MaxValue - s_longestRound ? end + s_longestRound : DateTimeOffset.MaxValue;
    }

    /// <summary>One pass over the data.</summary>
    /// <exception cref="DataSourceException">The data is not what the schema says.</exception>
    public async Task<NoisedVector> SumAsync(Plan plan, LocalNoise noise)
    {
        var problems = 0L;
        string? first = null;
        await _passes.WaitAsync(_stopping.Token);
        try
        {
            var began = clock.GetTimestamp();
            Log.PassBegins(logger, plan.Dataset.Name);
            var vector = plan.Dataset.Sum(plan.Layout, noise, secret.Span, plan.QueryHash, Note, Progress, _stopping.Token);
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
