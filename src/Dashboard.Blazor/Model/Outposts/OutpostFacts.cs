using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using DatasetSchema = SecureAggregation.Statistics.DatasetSchema;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Dashboard.Blazor.Model.Outposts;

/// <summary>A dataset as an outpost offers it.</summary>
/// <param name="Name">In queries.</param>
/// <param name="Version">Counts the states that the data has had.</param>
/// <param name="Hash">SHA-256 of the schema's canonical bytes, in hexadecimal digits.</param>
/// <param name="Schema">Null if it cannot be read.</param>
/// <param name="Problem">Why not.</param>
/// <param name="Same">How many outposts offer the dataset with this very schema, this one included.</param>
/// <param name="Offering">How many offer it with any.</param>
public sealed record OfferedData(string Name, uint Version, string Hash, DatasetSchema? Schema, string Problem, int Same, int Offering)
{
    public static IReadOnlyList<OfferedData> Of(OutpostView outpost, IEnumerable<OutpostView> all)
    {
        var offers = all.SelectMany(other => other.Datasets).ToLookup(dataset => dataset.Name, StringComparer.Ordinal);
        return [.. outpost.Datasets.Select(dataset => Of(dataset, [.. offers[dataset.Name]]))];
    }

    private static OfferedData Of(DatasetView dataset, DatasetView[] offers)
    {
        DatasetSchema? schema = null;
        var problem = "";
        try
        {
            schema = DatasetSchema.Decode(dataset.Schema.Span);
        }
        catch (AnalysisException e)
        {
            problem = e.Message;
        }

        return new OfferedData(
            dataset.Name, dataset.Version, Convert.ToHexStringLower(SHA256.HashData(dataset.Schema.Span)), schema, problem, offers.Count(other => other.Schema.Equals(dataset.Schema)), offers.Length);
    }
}

/// <summary>The roster that the station follows, opened: every founder's signature was checked.</summary>
/// <param name="Roster">Null if it does not hold.</param>
/// <param name="Problem">Why not.</param>
public sealed record OpenedRoster(Roster? Roster, string Problem)
{
    public static readonly OpenedRoster None = new(null, "The station has not shown a roster.");

    // A view of the consortium is the same object until the station is read anew: its signatures are checked once for all browsers.
    private static readonly ConditionalWeakTable<ByteString, OpenedRoster> s_known = [];

    public static OpenedRoster Of(ByteString signed) => signed.IsEmpty ? None : s_known.GetValue(signed, Open);

    private static OpenedRoster Open(ByteString signed)
    {
        try
        {
            return new OpenedRoster(Roster.Open(signed.Span), "");
        }
        catch (RosterException e)
        {
            return new OpenedRoster(null, e.Message);
        }
    }

    /// <summary>The coordinators' names by the fingerprints of their keys.</summary>
    public IReadOnlyDictionary<string, string> Coordinators { get; } =
        Roster?.Coordinators.DistinctBy(member => member.Key.Fingerprint).ToDictionary(member => member.Key.Fingerprint, member => member.Name) ?? [];
}

/// <summary>Commands with which the founders change who belongs. A name is quoted: it is somebody else's choice.</summary>
internal static class RosterCommand
{
    public static string Remove(string name) => $"secagg roster remove roster.bin {Quote(name)} --to next.bin";

    public static string Rotate(string name) => $"secagg roster rotate roster.bin {Quote(name + "=new-key.pem.pub")} --to next.bin";

    /// <summary>One word for a POSIX shell.</summary>
    internal static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '=') && text[0] != '-' ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
