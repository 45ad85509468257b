using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.SecondVerifier;

/// <summary>
/// Two verifiers, of which the second was written from docs/transcript.md alone, over the same bundles: they say the same of each, and name the same entry.
/// </summary>
public sealed class SecondVerifierTests
{
    private const ulong Sound = 100;

    [SecondVerifierFact]
    public async Task Two_verifiers_agree_on_200_bundles_half_of_them_with_one_mutation()
    {
        var cases = new List<BothVerifiers.Case>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        BundleHeader? other = null;
        for (var number = 1UL; number <= 2 * Sound; number++)
        {
            using var round = PlayedRounds.Play(number);
            var random = new SeededRandom(number ^ 0xbad);
            var records = Evidence.Of(round, number).Write();
            var (name, bytes) = number <= Sound ? ("", Evidence.Bytes(records))
                : number % 2 == 0 ? FileMutations.Apply(records, other!, random)
                : LogMutations.Lie(round, random, number);
            cases.Add(new BothVerifiers.Case(name, round.Shape, bytes));
            other = records[0].Header;
            foreach (var what in number <= Sound ? What(round) : [name]) seen[what] = seen.GetValueOrDefault(what) + 1;
        }

        foreach (var (mutation, verdict, text) in await BothVerifiers.VerifyAsync(cases))
        {
            Assert.True(verdict.Passed == (mutation.Length == 0), $"{mutation}: {verdict}\n{text}");
            Assert.True(verdict.Passed || verdict.FailedStep == VerificationSteps.Consistency || verdict.FailedEntry is not null || verdict.FailedRecord is not null, text);
        }

        // The rounds must stay as different as they are said to be.
        foreach (var what in s_expected) Assert.True(seen.GetValueOrDefault(what) >= 3, $"only {seen.GetValueOrDefault(what)} rounds with {what}");
        Assert.True(seen.Count >= s_expected.Length + 30, $"only {seen.Count - s_expected.Length} kinds of mutations");
    }

    [SecondVerifierFact]
    public async Task Two_verifiers_agree_on_what_a_station_alters_in_a_log_that_it_signs_again()
    {
        var cases = new List<BothVerifiers.Case>();
        for (var number = 1001UL; number <= 1100; number++)
        {
            using var round = PlayedRounds.Play(number);
            var (name, bytes) = LogMutations.Alter(round, new SeededRandom(number), number);
            cases.Add(new BothVerifiers.Case(name, round.Shape, bytes));
        }

        var verdicts = (await BothVerifiers.VerifyAsync(cases)).ConvertAll(v => v.Verdict);

        // Some alterations are a station's right: another time, two messages of one phase in another order.
        Assert.InRange(verdicts.Count(v => v.Passed), 5, 50);
    }

    [SecondVerifierFact]
    public async Task Two_verifiers_agree_on_a_round_of_the_sparse_graph()
    {
        Fault[] faults = [.. Fault.Said.Skip(1).Select((kind, i) => new Fault((uint)(17 * i) + 2, FaultKind.Silent, kind))];
        using var round = new RoundHarness(Consortium.Of(132, colluders: 2, sparse: 100), new RoundShape(32, 5), faults: faults) { CheckReplay = false }.Run();
        Assert.True(round.Station.Round.Rules!.Degree < 131);

        var both = await BothVerifiers.VerifyAsync([new BothVerifiers.Case("", round.Shape, Evidence.Bytes(Evidence.Of(round, 1).Write()))]);

        Assert.True(both[0].Verdict.Passed, both[0].Text);
    }

    private static readonly string[] s_expected =
    [
        "total", "abort", "recovery", "disputed pair", "upheld complaint", "rejected message", "vector fault", "blame", "decline", "noise Local", "noise Distributed", "noise None",
        "3 parties", "9 parties",
    ];

    private static IEnumerable<string> What(RoundHarness round)
    {
        var log = round.Station.Log;
        yield return log[^1].Envelope.Kind == MessageKind.Total ? "total" : "abort";
        if (log.Exists(e => e.Envelope.Kind == MessageKind.Recovery)) yield return "recovery";
        if (log.Exists(e => e.Envelope.Kind == MessageKind.VectorFault)) yield return "vector fault";
        if (log.Exists(e => e.Rejection != RejectionCode.None)) yield return "rejected message";
        if (log.Exists(e => e.Envelope.Kind == MessageKind.Decline)) yield return "decline";
        var blamed = log[^1].Envelope.Kind == MessageKind.Total ? Total.Parser.ParseFrom(log[^1].Envelope.Body).Blamed : Abort.Parser.ParseFrom(log[^1].Envelope.Body).Blamed;
        if (blamed.Count > 0) yield return "blame";
        if (blamed.Any(b => b.Code == BlameCode.BadDealing)) yield return "upheld complaint";
        if (round.Station.Round.Disputes.Any()) yield return "disputed pair";
        yield return $"noise {round.Station.Round.Question.Query.Noise}";
        yield return $"{round.Consortium.Roster.Parties.Count} parties";
    }
}
