using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Parties;

/// <summary>
/// Passes questions that are only planned to the outposts that are online, and gathers what each would do. Nothing is logged and nothing kept: the
/// answers are the outposts' own, unsigned, and bind nobody.
/// </summary>
internal sealed class PlanDesk(RosterHistory rosters, PartyDirectory parties, TimeProvider clock)
{
    private const int MostAtOnce = 16;
    private const int LargestAnswer = 1024;

    /// <summary>An outpost answers without reading data; who takes longer is shown as not having answered.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Inquiry> _open = new(StringComparer.Ordinal);

    /// <summary>Asks every outpost that is online.</summary>
    /// <param name="query">Signed by a coordinator with no attempts.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="RpcException">The query is not in order, or too many are being planned.</exception>
    public async Task<PlanQueryReply> Ask(SignedQuery query, CancellationToken stop)
    {
        var roster = rosters.Current;
        Question question;
        try
        {
            question = Question.OpenPlan(query, roster, clock.GetUtcNow());
        }
        catch (RefusalException e)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, e.Message));
        }

        if (_open.Count >= MostAtOnce)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"{MostAtOnce} queries are being planned already; ask again in a few seconds."));
        var id = RandomNumberGenerator.GetBytes(16);
        var sessions = roster.Parties.Select(p => parties.Session(p.Index)).OfType<PartySession>().ToList();
        var inquiry = new Inquiry([.. sessions.Select(s => s.Party)]);
        var name = PublicBytes.Hex(id);
        _open[name] = inquiry;
        try
        {
            var request = new StationFrame
            {
                Plan = new PlanRequest { PlanId = ByteString.CopyFrom(id), Query = query, Invited = (uint)parties.Offering(question.Query.Dataset).Count },
            };
            foreach (var session in sessions) session.Send(request);
            await inquiry.Wait(s_patience, clock, stop);
        }
        finally
        {
            _open.TryRemove(name, out _);
        }

        var reply = new PlanQueryReply();
        foreach (var party in roster.Parties)
        {
            var answer = inquiry.AnswerOf(party.Index);
            var plan = new OutpostPlan { Index = party.Index, Name = party.Name, Online = sessions.Any(s => s.Party == party.Index) };
            if (answer is not null) plan.Answer = answer;
            reply.Outposts.Add(plan);
        }

        return reply;
    }

    /// <summary>Takes an outpost's answer; null, or why it is of no use.</summary>
    public string? Take(uint party, PlanReply reply)
    {
        if (reply.PlanId.Length != 16 || reply.Answer is null || reply.CalculateSize() > LargestAnswer) return "an answer to a plan that is incomplete or too large";
        // One that comes too late is nobody's fault.
        return !_open.TryGetValue(PublicBytes.Hex(reply.PlanId.Span), out var inquiry) || inquiry.Take(party, reply.Answer)
            ? null
            : "a second answer to a plan, or one that was not asked for";
    }

    /// <summary>One question and the answers to it.</summary>
    private sealed class Inquiry(HashSet<uint> asked)
    {
        private readonly ConcurrentDictionary<uint, PlanAnswer> _answers = new();
        private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PlanAnswer? AnswerOf(uint party) => _answers.GetValueOrDefault(party);

        public bool Take(uint party, PlanAnswer answer)
        {
            if (!asked.Contains(party) || !_answers.TryAdd(party, answer)) return false;
            if (_answers.Count == asked.Count) _complete.TrySetResult();
            return true;
        }

        /// <summary>Until all have answered, or patience is at its end.</summary>
        public async Task Wait(TimeSpan patience, TimeProvider clock, CancellationToken stop)
        {
            if (asked.Count == 0) return;
            try
            {
                await _complete.Task.WaitAsync(patience, clock, stop);
            }
            catch (TimeoutException)
            {
                // Who has not answered is shown so.
            }
        }
    }
}
