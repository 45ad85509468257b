using System.Reflection;
using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Client.Tests;

/// <summary>A handle knows what was asked; evidence of anything else is no answer, however sound it is.</summary>
public sealed class RoundHandleTests
{
    private static readonly byte[] s_round = new byte[16];
    private static readonly byte[] s_asked = [.. Enumerable.Repeat((byte)1, 32)];

    [Fact]
    public async Task Sound_evidence_of_another_question_does_not_pass()
    {
        var handle = new RoundHandle(Answering(question: new byte[32]), s_round, s_asked);

        var report = await handle.VerifyAsync();

        Assert.False(report.Passed);
        Assert.Equal("messages", report.Failure!.Name);
    }

    [Fact]
    public async Task Evidence_of_the_question_that_was_asked_passes() =>
        Assert.True((await new RoundHandle(Answering(s_asked), s_round, s_asked).VerifyAsync()).Passed);

    [Fact]
    public async Task Handle_of_a_round_that_was_not_asked_here_takes_its_question_as_it_comes() =>
        Assert.True((await new RoundHandle(Answering(s_asked), s_round).VerifyAsync()).Passed);

    [Fact]
    public void Handle_expects_its_round_and_its_question()
    {
        var expected = new RoundHandle(Answering(s_asked), s_round, s_asked).Expected;

        Assert.Equal(s_round, expected.RoundId);
        Assert.Equal(s_asked, expected.QuestionHash);
    }

    [Fact]
    public async Task Earlier_round_that_most_outposts_name_is_the_answer_if_it_asks_the_same()
    {
        var asked = new Query { Dataset = "patients", EpsilonMicro = 1, Title = "now" };
        var view = Declined(7, 7, 8);
        var earlier = new RoundHandle(Answering(new byte[32], Content(new Query { Dataset = "patients", EpsilonMicro = 1, Title = "then" })), s_round, s_asked, asked).Earlier(view)!;
        Assert.Equal(Id(7), earlier.Id);
        Assert.True((await earlier.VerifyAsync()).Passed);

        var wrong = new RoundHandle(Answering(new byte[32], Content(new Query { Dataset = "patients", EpsilonMicro = 2 })), s_round, s_asked, asked).Earlier(view)!;
        Assert.Equal("messages", (await wrong.VerifyAsync()).Failure!.Name);
    }

    [Fact]
    public void No_earlier_round_is_taken_where_none_is_named_or_the_round_goes_on()
    {
        var handle = new RoundHandle(Answering(s_asked), s_round, s_asked, new Query());
        Assert.Null(handle.Earlier(Declined()));
        Assert.Null(handle.Earlier(new RoundView { State = RoundState.Running, Parties = { Declined(7).Parties } }));
        Assert.Null(new RoundHandle(Answering(s_asked), s_round).Earlier(Declined(7)));
    }

    private static byte[] Id(int n) => [.. Enumerable.Repeat((byte)n, 16)];

    private static byte[] Content(Query query) => Protocol.Question.ContentOf(query);

    private static RoundView Declined(params int[] named)
    {
        var view = new RoundView { State = RoundState.Aborted, Parties = { new RoundPartyView { Name = "joined" } } };
        view.Parties.Add(named.Select(n => new RoundPartyView { Reason = "AlreadyAnswered", EarlierRound = ByteString.CopyFrom(Id(n)) }));
        return view;
    }

    private static IConsortium Answering(byte[] question, byte[]? content = null)
    {
        var consortium = DispatchProxy.Create<IConsortium, VerifiesOnly>();
        (((VerifiesOnly)consortium).Question, ((VerifiesOnly)consortium).Content) = (question, content ?? []);
        return consortium;
    }

    public class VerifiesOnly : DispatchProxy
    {
        internal byte[] Question { get; set; } = [];

        internal byte[] Content { get; set; } = [];

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod?.Name == nameof(IConsortium.VerifyAsync)
            ? Task.FromResult(new RoundReport { RoundId = s_round, QuestionHash = Question, QuestionContent = Content, Passed = true, Steps = [] })
            : throw new NotSupportedException();
    }
}
