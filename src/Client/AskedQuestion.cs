using SecureAggregation.Client.Internal;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Client;

/// <summary>The question of a round as its coordinator signed it. That the round asked this is the station's word until the round's evidence is checked.</summary>
public sealed record AskedQuestion
{
    /// <summary>16 bytes.</summary>
    public required byte[] RoundId { get; init; }

    /// <summary>As it was signed. Submitted again it is one more attempt at the same question, where one is left and its time is not over: after an approval.</summary>
    public required SignedQuery Signed { get; init; }

    /// <summary>The decoded body.</summary>
    public required Query Query { get; init; }

    /// <summary>What is computed.</summary>
    public required Analysis Analysis { get; init; }

    /// <summary>The coordinator of the roster who signed it, by name.</summary>
    public required string Coordinator { get; init; }

    /// <summary>Until when it may be answered.</summary>
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>
    /// The question in YAML (docs/queries.md), to look at, to change and to ask again. Of a regression over several rounds it is the whole fit's, with the ε of all its rounds.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>Reads a log's entry as the proposal of a round.</summary>
    /// <exception cref="QuestionException">It is not that round's proposal, or its query is no coordinator's of the roster.</exception>
    internal static AskedQuestion Of(byte[] leaf, byte[] roundId, Roster roster)
    {
        try
        {
            var most = Limits.Broadcast(Limits.Parties) + Limits.Query;
            var entry = Canonical.Decode(Entry.Parser, leaf, most + 1024);
            if (entry is not { Sender: 0, Envelope.Kind: MessageKind.Propose } || !Crypto.PublicBytes.Equal(entry.RoundId.Span, roundId))
                throw Wrong(roundId, "the entry that the station names is not the round's proposal");
            var proposal = Canonical.Decode(Proposal.Parser, entry.Envelope.Body.Span, most);
            if (!Crypto.PublicBytes.Equal(proposal.RoundId.Span, roundId)) throw Wrong(roundId, "its proposal names another round");
            var signed = new SignedQuery { Body = proposal.Query, Signature = proposal.QuerySignature };
            var question = Question.Open(signed, roster, now: null);
            var (query, analysis) = (question.Query, Analysis.Decode(question.Query.Analysis.Span));
            return new AskedQuestion
            {
                RoundId = [.. roundId],
                Signed = signed,
                Query = query,
                Analysis = analysis,
                Coordinator = question.Coordinator.Name,
                NotAfter = DateTimeOffset.FromUnixTimeSeconds((long)query.NotAfter),
                Text = Write(query, analysis, roster),
            };
        }
        catch (Exception e) when (e is WireException or RefusalException or AnalysisException)
        {
            throw Wrong(roundId, e.Message.TrimEnd('.'), e);
        }
    }

    private static string Write(Query query, Analysis analysis, Roster roster)
    {
        // A round of a fit was given its part of the ε.
        var rounds = analysis.Measures is [ModelMeasure model] ? Math.Max(1, model.Iterations) : 1;
        var epsilon = new MicroEpsilon(Math.Min((long)query.EpsilonMicro * rounds, MicroEpsilon.MaxMicro));
        var survivors = (int)query.MinSurvivors > roster.MinSurvivors ? (int)query.MinSurvivors : 0;
        return AnalysisText.Write(analysis, query.Title, query.Dataset, epsilon, (NoiseMode)query.Noise, query.Study, survivors);
    }

    private static QuestionException Wrong(byte[] roundId, string why, Exception? inner = null) =>
        new($"The question of round {Convert.ToHexStringLower(roundId)} cannot be read: {why}.", inner);
}
