using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Protocol;
using Spectre.Console;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg decode`: what stands in a file, message by message. Shows, and checks nothing; `secagg verify` checks.</summary>
internal static class DecodeCommand
{
    private const long LargestFile = 4L << 30;

    private static readonly JsonFormatter s_formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    private static readonly Argument<FileInfo> s_file = new("FILE") { Description = "A bundle, a roster or a signed query" };
    private static readonly Option<bool> s_bodies = new("--bodies") { Description = "Also the bodies of messages" };

    public static Command Create() =>
        new Command("decode", "Show what stands in a bundle, a roster or a signed query, with sizes; checks nothing") { s_file, s_bodies }.Does(Decode);

    private static Task<ExitCode> Decode(Arguments arguments, CancellationToken stop)
    {
        var file = arguments.Get(s_file);
        if (!file.Exists) throw new CliException(ExitCode.BadInput, $"the file {file.FullName} does not exist");
        if (file.Length > LargestFile) throw new CliException(ExitCode.BadInput, $"{file.FullName} has {file.Length} bytes; at most {LargestFile} are read");
        using var stream = file.OpenRead();
        var magic = new byte[BundleWriter.Magic.Length];
        var isBundle = stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && PublicBytes.Equal(BundleWriter.Magic, magic);
        if (isBundle)
        {
            Bundle(stream, arguments.Terminal, arguments.Get(s_bodies));
            return Task.FromResult(ExitCode.Ok);
        }

        var bytes = SmallFile.Bytes(file.FullName, "roster or query", Limits.Roster, $"the file {file.FullName} does not exist");
        IMessage? message = AsRoster(bytes);
        message ??= AsQuery(bytes);
        if (message is null) throw new CliException(ExitCode.BadInput, $"{file.FullName} is neither a bundle, nor a roster, nor a signed query of this version");
        arguments.Terminal.WriteJson(JsonNode.Parse(s_formatter.Format(message))!);
        return Task.FromResult(ExitCode.Ok);
    }

    private static void Bundle(Stream stream, Terminal terminal, bool bodies)
    {
        var records = new List<BundleRecord>();
        try
        {
            while (stream.Position < stream.Length) records.Add(BundleRecord.Parser.ParseDelimitedFrom(stream));
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            throw new CliException(ExitCode.BadInput, $"the bundle's record {records.Count} cannot be read: {e.Message}", e);
        }

        var vectors = records.Where(r => r.Blob is not null).GroupBy(r => r.Blob.Party).Select(g => (Party: g.Key, Bytes: g.Sum(r => (long)r.Blob.Data.Length))).ToList();
        if (terminal.Json)
        {
            terminal.WriteJson(new
            {
                RoundId = Convert.ToHexStringLower(records.Select(r => r.Header?.RoundId.Span.ToArray()).FirstOrDefault(id => id is not null) ?? []),
                Entries = records.Where(r => r.Entry is not null).Select(r => Line(r.Entry, bodies)).Select(l => new { l.Index, l.Time, l.Sender, l.Kind, l.Bytes, l.Rejected, Body = l.Body is null ? null : JsonNode.Parse(l.Body) }),
                Vectors = vectors.Select(v => new { v.Party, v.Bytes }),
            });
            return;
        }

        var table = new Table().Border(TableBorder.Simple).AddColumns("entry", "time", "sender", "message", "bytes", "rejected");
        foreach (var record in records.Where(r => r.Entry is not null))
        {
            var line = Line(record.Entry, bodies);
            table.AddRow(line.Index.ToString(CultureInfo.InvariantCulture), line.Time.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture), line.Sender, line.Kind, $"{line.Bytes}", line.Rejected);
            if (line.Body is not null) table.AddRow("", "", "", Markup.Escape(line.Body), "", "");
        }

        terminal.Result.Write(table);
        foreach (var (party, size) in vectors) terminal.Line($"masked vector of party {party}: {size} bytes");
    }

    private sealed record EntryLine(ulong Index, DateTimeOffset Time, string Sender, string Kind, int Bytes, string Rejected, string? Body);

    private static EntryLine Line(BundleEntry record, bool bodies)
    {
        try
        {
            var entry = Entry.Parser.ParseFrom(record.Leaf);
            if (entry.Envelope is null) return new EntryLine(record.Index, DateTimeOffset.UnixEpoch, "?", "unreadable: an entry without an envelope", record.Leaf.Length, "", null);
            return new EntryLine(
                record.Index,
                Moment.Of(entry.TimeMs),
                entry.Sender == 0 ? "station" : $"party {entry.Sender - 1}",
                Words(entry.Envelope.Kind.ToString()),
                record.Leaf.Length,
                entry.Rejection == RejectionCode.None ? "" : Words(entry.Rejection.ToString()),
                bodies ? Body(entry.Envelope) : null);
        }
        catch (Exception e) when (e is OverflowException || Unreadable.Is(e))
        {
            return new EntryLine(record.Index, DateTimeOffset.UnixEpoch, "?", $"unreadable: {e.Message}", record.Leaf.Length, "", null);
        }
    }

    private static string? Body(Envelope envelope)
    {
        var parser = WireManifest.ParserOf(envelope.Kind);
        return parser is null ? null : s_formatter.Format(parser.ParseFrom(envelope.Body));
    }

    private static Protocol.Wire.Roster? AsRoster(byte[] bytes)
    {
        try
        {
            var roster = Protocol.Wire.Roster.Parser.ParseFrom(SignedRoster.Parser.ParseFrom(bytes).Body);
            return roster.Consortium.Length > 0 && roster.Parties.Count > 0 ? roster : null;
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return null;
        }
    }

    private static Query? AsQuery(byte[] bytes)
    {
        try
        {
            var query = Query.Parser.ParseFrom(SignedQuery.Parser.ParseFrom(bytes).Body);
            return query.QueryId.Length == 16 && query.Dataset.Length > 0 ? query : null;
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return null;
        }
    }

    /// <summary>MaskedInput becomes "masked input".</summary>
    private static string Words(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name)
        {
            if (char.IsUpper(c) && text.Length > 0) text.Append(' ');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }
}
