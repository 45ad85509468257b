using Google.Protobuf;
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

    public static AnalysisQuery Read(string path) => Load(path, "query", AnalysisQuery.Parse);

    public static SchemaFile ReadSchema(string path) => Load(path, "schema", SchemaFile.Parse);

    /// <summary>Makes the question that outposts will decide on, and signs it.</summary>
    public static SignedQuery Sign(AnalysisQuery query, Analysis analysis, Roster roster, IdentityKey coordinator, int attempts)
    {
        var wire = new Query
        {
            RosterHash = ByteString.CopyFrom(roster.Hash),
            QueryId = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(16)),
            NotAfter = (ulong)TimeProvider.System.GetUtcNow().Add(s_life).ToUnixTimeSeconds(),
            Attempts = (uint)attempts,
            Title = query.Name,
            Dataset = query.Dataset,
            EpsilonMicro = (ulong)query.Epsilon.Micro,
            Noise = query.Noise switch
            {
                NoiseMode.Distributed => QueryNoise.Distributed,
                NoiseMode.None => QueryNoise.None,
                _ => QueryNoise.Local,
            },
            MinSurvivors = (uint)Math.Max(query.MinSurvivors ?? 0, roster.MinSurvivors),
            Analysis = ByteString.CopyFrom(analysis.Encode()),
            CoordinatorKey = ByteString.CopyFrom(coordinator.Public.Point),
        };
        return Question.Sign(wire, coordinator);
    }

    /// <summary>The schema under which outposts offer a dataset; all that offer it must agree.</summary>
    public static DatasetSchema Offered(ConsortiumView consortium, string dataset)
    {
        var offers = consortium.Outposts.SelectMany(o => o.Datasets.Select(d => (Outpost: o.Name, Offer: d))).ToList();
        var found = offers.Where(o => o.Offer.Name == dataset).ToList();
        if (found.Count == 0)
        {
            var names = offers.Select(o => o.Offer.Name).Distinct().Order(StringComparer.Ordinal).ToList();
            throw new CliException(
                ExitCode.BadInput,
                $"no outpost offers a dataset '{dataset}'; " + (names.Count == 0 ? "none is connected that offers any" : $"they offer {string.Join(", ", names)}"));
        }

        if (found.FirstOrDefault(o => o.Offer.Schema != found[0].Offer.Schema) is { Outpost: { } other })
            throw new CliException(ExitCode.BadInput, $"{found[0].Outpost} and {other} describe '{dataset}' differently; the consortium must agree on one schema before it can be asked");
        return DatasetSchema.Decode(found[0].Offer.Schema.Span);
    }

    private static T Load<T>(string path, string what, Func<string, T> parse)
    {
        var file = new FileInfo(path);
        if (!file.Exists) throw new CliException(ExitCode.BadInput, $"the {what} file {path} does not exist");
        if (file.Length > MaxFile) throw new CliException(ExitCode.BadInput, $"{path} has {file.Length} bytes; a {what} has at most {MaxFile}");
        try
        {
            return parse(File.ReadAllText(path));
        }
        catch (AnalysisException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: {e.Message}", e);
        }
    }
}
