using System.Reflection;

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
        Assert.Equal("question", report.Failure!.Name);
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

    private static IConsortium Answering(byte[] question)
    {
        var consortium = DispatchProxy.Create<IConsortium, VerifiesOnly>();
        ((VerifiesOnly)consortium).Question = question;
        return consortium;
    }

    public class VerifiesOnly : DispatchProxy
    {
        internal byte[] Question { get; set; } = [];

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod?.Name == nameof(IConsortium.VerifyAsync)
            ? Task.FromResult(new RoundReport { RoundId = s_round, QuestionHash = Question, Passed = true, Steps = [] })
            : throw new NotSupportedException();
    }
}
