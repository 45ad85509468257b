using Google.Protobuf;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using System.Security.Cryptography;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Cli;

/// <summary>Queries as files, and on their way to being signed.</summary>
internal static class QueryFiles
{
    private const int MaxFile = 256 * 1024;
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(30);
    private const int MaxSigned = 512 * 1024;

    public static AnalysisQuery Read(string path) => Load(path, "query", AnalysisQuery.Parse);

    public static SchemaFile ReadSchema(string path) => Load(path, "schema", SchemaFile.Parse);

    /// <summary>Holds a query against a schema and a number of outposts, as the station and the outposts will.</summary>
    /// <param name="path">The file, for complaints.</param>
    /// <param name="query">What it asks.</param>
    /// <param name="schema">Of the dataset.</param>
    /// <param name="parties">How many outposts are asked.</param>
    /// <param name="roster">The roster, if it is known; distributed noise needs it.</param>
    /// <exception cref="CliException">It cannot be asked.</exception>
    public static (Analysis Analysis, VectorLayout Layout) Plan(string path, AnalysisQuery query, DatasetSchema schema, int parties, Roster? roster)
    {
        if (query.Noise == NoiseMode.Distributed && roster is null)
            throw new CliException(ExitCode.BadInput, $"{path}: noise is distributed, and how it is shared follows from the roster; give --roster");
        if (query.MinSurvivors > parties)
            throw new CliException(ExitCode.BadInput, $"{path}: min_survivors is {query.MinSurvivors}, but there are {parties} outposts; lower it");
        try
        {
            var analysis = query.Resolve(schema);
            return (analysis, VectorLayout.Create(analysis, query.Epsilon, query.Noise, parties, roster is null ? 0 : RoundRules.HonestFloor(roster, query.MinSurvivors ?? 0)));
        }
        catch (AnalysisException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: {e.Message}", e);
        }
    }

    /// <summary>Makes the question that outposts will decide on, and signs it.</summary>
    public static SignedQuery Sign(AnalysisQuery query, Analysis analysis, Roster roster, IdentityKey coordinator, int attempts, TimeSpan? life = null)
    {
        using var random = RandomNumberGenerator.Create();
        return QuerySigning.Sign(query, analysis, roster, coordinator, attempts, TimeProvider.System.GetUtcNow() + (life ?? s_life), random);
    }

    /// <summary>A query that is signed once: kept in a file, and taken from there the next time.</summary>
    /// <exception cref="CliException">The file holds another query than the one that is asked.</exception>
    public static SignedQuery SignOnce(string? path, AnalysisQuery query, Func<SignedQuery> sign)
    {
        var signed = sign();
        if (path is null) return signed;
        if (!File.Exists(path))
        {
            File.WriteAllBytes(path, signed.ToByteArray());
            return signed;
        }

        try
        {
            var kept = SignedQuery.Parser.ParseFrom(SmallFile.Bytes(path, "signed query", MaxSigned, $"the file {path} does not exist"));
            var same = PublicBytes.Equal(Question.ContentOf(Query.Parser.ParseFrom(kept.Body)), Question.ContentOf(Query.Parser.ParseFrom(signed.Body)));
            return same ? kept : throw new CliException(ExitCode.BadInput, $"{path} holds another query than '{query.Name}'; name another file, or delete it to sign anew");
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            throw new CliException(ExitCode.BadInput, $"{path} is no signed query; name another file for it", e);
        }
    }

    private static T Load<T>(string path, string what, Func<string, T> parse)
    {
        var text = SmallFile.Text(path, what, MaxFile, $"the {what} file {path} does not exist");
        try
        {
            return parse(text);
        }
        catch (AnalysisException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: {e.Message}", e);
        }
    }
}
