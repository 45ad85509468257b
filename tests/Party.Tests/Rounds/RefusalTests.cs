using FsCheck.Fluent;
using Google.Protobuf;
using SecureAggregation.Party.Storage;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Rounds;

/// <summary>What an outpost sends when it refuses does not depend on its data.</summary>
public sealed class RefusalTests
{
    private static readonly DatasetSchema s_schema = SchemaFile.Parse(OutpostFiles.Schema).Schema;
    private static readonly DatasetSchema s_other = SchemaFile.Parse(OutpostFiles.Schema.Replace("integer", "number", StringComparison.Ordinal)).Schema;

    /// <summary>How a question is refused: lines for the policy, and the question.</summary>
    private static readonly (RefusalCode Code, string Policy, Func<SignedQuery> Ask)[] s_refusals =
    [
        (RefusalCode.UnknownDataset, "", () => Ask(change: q => q.Dataset = "lung")),
        (RefusalCode.BadMessage, "", () => Ask(change: q => q.Analysis = ByteString.CopyFromUtf8("?"))),
        (RefusalCode.Policy, "", () => Ask("[ { variance: age } ]")),
        (RefusalCode.Policy, "    filters: false\n", () => Ask("[ count ]\nwhere: { column: age, ge: 90 }")),
        (RefusalCode.Schema, "", () => TestConsortium.Shared.Ask(s_other)),
        (RefusalCode.NoiseMode, "", () => Ask(change: q => q.Noise = QueryNoise.None)),
        (RefusalCode.Floors, "floors: { colluders: 1 }\n", () => Ask()),
        (RefusalCode.Budget, "", () => Ask(change: q => q.EpsilonMicro = 1_000_001)),
        (RefusalCode.Budget, "    epsilon_per_study: 0.9\n", () => Ask()),
        (RefusalCode.Hours, "hours: { days: [ AWAY ], from: \"00:00\", to: \"24:00\", zone: UTC }\n", () => Ask()),
        (RefusalCode.PendingApproval, "approval: manual\n", () => Ask()),
        (RefusalCode.AlreadyAnswered, "", () => Ask("[ { mean: age } ]")),
    ];

    [Fact]
    public void Same_refused_question_gets_the_same_bytes_whatever_the_data_is()
    {
        var rows = Gen.Choose(0, 110).SelectMany(age => Gen.Choose(0, 1).Select(sex => $"x,{age},{sex}")).ListOf().Select(r => string.Join('\n', r));
        var data = Gen.Frequency(
            (6, rows),
            (1, Gen.Constant("x,old,1\nx,,9")),
            (1, Gen.Constant("x,1")),
            (1, Gen.Constant("gone")));
        var cases = Gen.Choose(0, s_refusals.Length - 1).SelectMany(refusal => data.Two().Select(two => (Refusal: refusal, First: two.Item1, Second: two.Item2)));
        Property.Holds(cases, c => Refuse(c.Refusal, c.First).GetAwaiter().GetResult().SequenceEqual(Refuse(c.Refusal, c.Second).GetAwaiter().GetResult()), cases: 40);
    }

    [Fact]
    public async Task Every_kind_of_refusal_is_the_one_that_is_meant()
    {
        for (var i = 0; i < s_refusals.Length; i++)
        {
            var frames = await Refuse(i, "x,1,1");
            Assert.Equal(s_refusals[i].Code, Decline.Parser.ParseFrom(PartyFrame.Parser.ParseFrom(frames.Single()).Message.Envelope.Body).Code);
        }
    }

    /// <summary>Every frame that is sent, but for signatures, which are different each time that the same is signed.</summary>
    private static async Task<List<ByteString>> Refuse(int refusal, string rows)
    {
        using var scratch = new Scratch();
        var (_, lines, ask) = s_refusals[refusal];
        var away = ((DayOfWeek)(((int)TimeProvider.System.GetUtcNow().DayOfWeek + 3) % 7)).ToString()[..3].ToLowerInvariant();
        await using var outpost = new QuietOutpost(scratch, OutpostFiles.Policy + "\n" + lines.Replace("AWAY", away, StringComparison.Ordinal), "full_name,age,sex\n");
        if (rows == "gone") File.Delete(scratch["clinic.csv"]);
        else await File.AppendAllTextAsync(scratch["clinic.csv"], rows + "\n");
        if (s_refusals[refusal].Code == RefusalCode.AlreadyAnswered)
        {
            var plan = outpost.Assess(ask()).Plan!;
            outpost.Get<PastReleases>().TryAgree(plan.ReleaseOf(QuietOutpost.RoundId(50), [0, 1, 2]), _ => 0);
            outpost.Get<PastReleases>().MarkAnswered(QuietOutpost.RoundId(50), new byte[32]);
        }

        Assert.NotNull(await outpost.ProposeAsync(ask(), 1));
        Assert.DoesNotContain("pass over the data", outpost.Log, StringComparison.Ordinal);
        return
        [
            .. outpost.Frames.Select(f =>
            {
                var frame = f.Clone();
                Assert.Equal(64, frame.Message.Envelope.Signature.Length);
                frame.Message.Envelope.Signature = ByteString.Empty;
                return frame.ToByteString();
            }),
        ];
    }

    private static SignedQuery Ask(string measures = "[ count, { sum: age } ]", Action<Query>? change = null) => TestConsortium.Shared.Ask(s_schema, measures, change);
}
