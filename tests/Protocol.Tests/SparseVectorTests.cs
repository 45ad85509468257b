using System.Security.Cryptography;
using System.Text.Json;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>The sparse graph as an independent implementation has it (tools/vectors/sparse.py): its numbers, rings and rule, and a whole round of 132 parties.</summary>
public sealed class SparseVectorTests
{
    [Fact]
    public void Numbers_of_the_graph_are_those_of_the_vectors()
    {
        var rows = VectorRound.Read("sparse/parameters.json").EnumerateArray().ToList();
        Assert.Equal(84, rows.Count);
        foreach (var row in rows)
        {
            var expected = row.GetProperty("k").ValueKind == JsonValueKind.Null
                ? (GraphParameters?)null
                : new GraphParameters(row.Number("k"), row.Number("t_shares"), row.Number("q"));
            Assert.Equal(expected, GraphParameters.For(row.Number("parties"), row.Number("c"), row.Number("dropout_permille")));
        }
    }

    [Fact]
    public void Rings_neighbours_and_verdicts_are_those_of_the_vectors()
    {
        foreach (var json in VectorRound.Read("sparse/rings.json").EnumerateArray())
        {
            var parties = json.Set("parties").ToList();
            var rules = new RoundRules(parties.Count, 2, 2, json.Number("k"), json.Number("q"));
            var graph = new RoundGraph(rules, parties, Digests.Graph(json.Bytes("context1")));
            Assert.Equal(json.Set("ring"), graph.Ring);
            foreach (var of in json.GetProperty("neighbours").EnumerateArray()) Assert.Equal(of.Set("of"), graph.Neighbours((uint)of.Number("party")));
            foreach (var verdict in json.GetProperty("rule").EnumerateArray())
            {
                var missing = verdict.Set("missing").ToHashSet();
                Assert.Equal(verdict.GetProperty("kept").GetBoolean(), graph.FindCut(p => !missing.Contains(p)) is null);
            }
        }
    }

    [Fact]
    public void Parties_with_the_tapes_of_the_vector_say_what_it_says_and_the_station_opens_its_total()
    {
        var vector = new VectorRound("sparse/round.json");
        var host = new StationHost(vector.Roster, vector.Shape);
        var (now, proposal) = (vector.Now, vector.Messages[0].Envelope);
        var expected = vector.Json.GetProperty("said").EnumerateArray().GroupBy(m => (uint)m.Number("from")).ToDictionary(g => g.Key, g => new Queue<JsonElement>(g));
        host.Broadcast(proposal, now);
        var parties = expected.Keys.ToDictionary(p => p, p => (Round: PartyRound.Open(vector.Setup(p, vector.Tape(p)), proposal, vector.Now), Json: vector.Party(p)));
        foreach (var (index, party) in parties)
        {
            if (party.Json.Text("last_message") == "decline")
            {
                Bring(index, party.Round.Decline(RefusalCode.Policy));
                continue;
            }

            Bring(index, party.Round.Join(vector.Shape, now));
            if (party.Json.TryGetProperty("x", out _)) party.Round.ProvideInput(vector.Input(index), party.Round.Question.ChargeMicro);
        }

        while (host.Round.State == RoundState.Running)
        {
            var broadcast = host.Round.Next(now, vector.Station, host) ?? host.Round.Next(now = host.Round.Deadline!.Value, vector.Station, host);
            host.Broadcast(broadcast!, now);
            foreach (var (to, delivery) in host.Round.Deliveries(broadcast!))
            {
                if (expected[to].Count > 0) Bring(to, parties[to].Round.Receive(delivery, now));
            }
        }

        Assert.All(expected.Values, Assert.Empty);
        CheckNumbers(vector, host);
        foreach (var party in parties.Values) party.Round.Dispose();

        void Bring(uint from, PartyStep step)
        {
            Assert.True(step.Detail.Length == 0, $"Party {from} refuses: {step.Detail}");
            foreach (var message in step.Messages)
            {
                var said = expected[from].Dequeue();
                var packed = message.Kind == MessageKind.Input ? step.Vector!.ToArray() : [];
                Assert.Equal(message.Kind, Enum.Parse<MessageKind>(said.Text("kind"), ignoreCase: true));
                Assert.Equal(said.Bytes("sha256"), SHA256.HashData([.. message.Body, .. message.Detached.SelectMany(d => d), .. packed]));
                Assert.Equal(OfferOutcome.Accept, host.Offer(from, message, now).Outcome);
                if (packed.Length > 0) Assert.True(host.Vector(from, packed));
            }
        }
    }

    private static void CheckNumbers(VectorRound vector, StationHost host)
    {
        var (derived, record) = (vector.Derived, host.Record);
        vector.CheckContextsAndSets(record);
        Assert.Equal(derived.Set("ring"), record.Graph.Ring);
        Assert.Equal(
            new RoundRules(derived.Set("u1").Count(), derived.Number("t"), derived.Number("t_shares"), derived.Number("k"), derived.Number("q")), record.Rules);
        var recovery = Recovery.Parser.ParseFrom(host.Round.Broadcasts.Single(b => b.Kind == MessageKind.Recovery).Body);
        Assert.Equal(derived.Set("silent"), recovery.Silent);
        Assert.Equal(derived.Set("asked"), recovery.Dropped);
        Assert.Equal(RoundState.Done, host.Round.State);
        Assert.Equal(vector.Json.GetProperty("total").Bytes("packed"), host.Round.Total!.Packed.ToByteArray());
        host.CheckReplay();
    }
}
