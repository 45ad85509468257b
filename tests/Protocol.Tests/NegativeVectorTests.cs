using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>One step of a good round changed in one respect: the receiver must refuse it, with the code that the other implementation says.</summary>
public sealed class NegativeVectorTests
{
    public static TheoryData<string> Negatives => new(VectorRound.Negatives);

    [Theory]
    [MemberData(nameof(Negatives))]
    public void Receiver_refuses_with_the_code_of_the_vector(string name)
    {
        var json = VectorRound.Read(name);
        var vector = new VectorRound(json.Text("base"));
        var step = json.GetProperty("mutate").Number("step");
        var message = new VectorMessage(json.GetProperty("mutate").GetProperty("message"));
        var expect = json.GetProperty("expect");
        if (expect.TryGetProperty("refusal", out var refusal))
        {
            if (json.TryGetProperty("earlier", out var earlier)) vector.Replace(earlier.Number("step"), new VectorMessage(earlier.GetProperty("message")));
            Assert.Equal(Enum.Parse<RefusalCode>(Pascal(refusal.GetString()!)), AskParty(vector, (uint)json.Number("receiver"), step, message));
        }
        else if (expect.TryGetProperty("rejection", out var rejection))
        {
            var offer = vector.PlayStation(step).Offer(message.From!.Value, message.Envelope, vector.Now);
            Assert.Equal((OfferOutcome.Reject, Enum.Parse<RejectionCode>(Pascal(rejection.GetString()!))), (offer.Outcome, offer.Rejection));
        }
        else
        {
            Assert.Equal(expect.Text("vector"), SendVector(vector.PlayStation(step), message, vector.Now));
        }
    }

    private static RefusalCode AskParty(VectorRound vector, uint receiver, int step, VectorMessage message)
    {
        PartyRound party;
        try
        {
            var setup = vector.Setup(receiver, vector.Tape(receiver));
            party = PartyRound.Open(setup, step == 0 ? message.Envelope : vector.Messages[0].Envelope, vector.Now);
        }
        catch (RefusalException e)
        {
            return e.Code;
        }

        using var round = party;
        Assert.NotEqual(0, step);
        round.Join(vector.Shape, vector.Now);
        round.ProvideInput(vector.Input(receiver), round.Question.ChargeMicro);
        foreach (var broadcast in vector.Messages.Take(step).Skip(1).Where(m => m.From is null))
        {
            Assert.Equal(RefusalCode.Unspecified, round.Receive(broadcast.BroadcastTo(receiver), vector.Now).Refusal);
        }

        var answer = round.Receive(message.BroadcastTo(receiver), vector.Now);
        Assert.All(answer.Messages, m => Assert.Equal(MessageKind.Decline, m.Kind));
        Assert.Null(answer.Vector);
        Assert.Equal(PartyRoundState.Ended, round.State);
        return answer.Refusal;
    }

    /// <summary>The header is good; says what becomes of the vector that follows it.</summary>
    private static string SendVector(StationHost host, VectorMessage message, DateTimeOffset now)
    {
        Assert.Equal(OfferOutcome.Accept, host.Offer(message.From!.Value, message.Envelope, now).Outcome);
        using var intake = host.Round.BeginVector(message.From.Value)!;
        if (!intake.TryAppend(message.Vector)) return "too long";
        return intake.Received < intake.Length ? "incomplete" : intake.Complete() ? "stored" : "wrong";
    }

    private static string Pascal(string code) => code.Replace("_", "", StringComparison.Ordinal) is var joined
        ? Enum.GetNames<RefusalCode>().Concat(Enum.GetNames<RejectionCode>()).First(n => n.Equals(joined, StringComparison.OrdinalIgnoreCase))
        : code;
}
