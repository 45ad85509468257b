using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Storage;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Rounds;

/// <summary>
/// One of five outposts, as a process, is killed (SIGKILL) when each message of a round has just arrived at the station: the four others finish the round with
/// it or without it, it comes back, says nothing more there, and takes part in the next.
/// </summary>
public sealed class KilledAtEachMessageTests : IDisposable
{
    private static readonly DatasetSchema s_schema = SchemaFile.Parse(OutpostFiles.Schema).Schema;
    private static readonly uint[] s_all = [0, 1, 2, 3, 4];

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Outpost_killed_at_each_message_counts_as_dropped_and_takes_part_again()
    {
        var consortium = new TestConsortium(5, colluders: 1);
        await using var station = await TestStation.StartAsync(consortium);
        var config = consortium.WriteOutpost(_scratch, station.Address, "full_name,age,sex\nx,1,1\ny,2,0\n");
        _scratch.Write("policy.yaml", OutpostFiles.Policy.Replace("epsilon_total: 2", "epsilon_total: 100", StringComparison.Ordinal));
        (string Message, Func<PartyFrame, bool> Is, bool InTotal)[] messages =
        [
            ("Join", Says(MessageKind.Join), false),
            ("Advertise", Says(MessageKind.Advertise), false),
            ("Share", Says(MessageKind.Share), false),
            ("Input", Says(MessageKind.Input), false),
            ("vector", frame => frame.Chunk is not null, true),
            ("Agree", Says(MessageKind.Agree), true),
            ("Unmask", Says(MessageKind.Unmask), true),
            ("Recover", Says(MessageKind.Recover), true),
            ("Cosign", frame => frame.Cosign is not null, true),
        ];
        var (outpost, asked) = (OutpostProcess.Start(config), 0UL);
        try
        {
            await outpost.Saw("[2100]").Guard();
            foreach (var (message, isIt, inTotal) in messages)
            {
                // Somebody else falls silent, so that there is something to recover.
                station.Mute = (party, kind) => message == "Recover" && party == 4 && kind == MessageKind.Unmask;
                var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var victim = outpost;
                station.Cut = (_, frame) =>
                {
                    // What had left before the kill is lost with the machine, too.
                    if (killed.Task.IsCompleted && !inTotal && frame.Chunk is not null) return true;
                    if (isIt(frame) && !killed.Task.IsCompleted)
                    {
                        victim.Kill();
                        killed.SetResult();
                    }

                    return false;
                };
                station.Propose(Ask(++asked), asked);
                if (message == "Recover")
                {
                    var round = ByteString.CopyFrom(QuietOutpost.RoundId(asked));
                    await station.Saw(f => f.Message?.Envelope.Kind == MessageKind.Unmask && f.Message.RoundId == round).Guard();
                    station.TimeOut();
                }

                await killed.Task.Guard();
                for (var phase = 0; phase < 8 && !station.Ended.Task.IsCompleted; phase++) station.TimeOut();
                Assert.Equal(MessageKind.Total, (await station.Ended.Task.Guard()).Kind);
                Assert.Equal(inTotal ? s_all : s_all[1..], station.Survivors());
                var said = station.Frames.Count(f => f.Frame.Message is not null);

                station.Mute = (_, _) => false;
                station.Cut = (_, _) => false;
                await outpost.DisposeAsync();
                outpost = OutpostProcess.Start(config);
                await outpost.Saw("[2100]").Guard();
                await outpost.Saw("[2212]").Guard();
                Assert.Equal(said, station.Frames.Count(f => f.Frame.Message is not null));

                station.Propose(Ask(++asked), asked);
                await station.Cosigned.Task.Guard();
                Assert.Equal(s_all, station.Survivors());
            }
        }
        finally
        {
            outpost.Kill();
            await outpost.DisposeAsync();
        }

        // Each query was joined once and paid for once.
        using var store = OutpostStore.Open(_scratch["state"]);
        var charges = new Ledger(store, TimeProvider.System).Entries();
        Assert.Equal(asked, (ulong)charges.Count);
        Assert.Equal(charges.Count, charges.Select(c => PublicBytes.Hex(c.RoundId)).Distinct(StringComparer.Ordinal).Count());
        Assert.All(charges, c => Assert.Equal(1_000_000, c.CostMicro));

        SignedQuery Ask(ulong number) => consortium.Ask(s_schema, $"[ {{ sum: age, weight: {number} }} ]", id: number);
    }

    private static Func<PartyFrame, bool> Says(MessageKind kind) => frame => frame.Message?.Envelope.Kind == kind;
}
