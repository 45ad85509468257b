using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>What may cross the wire is one list: in the code, in the document, and in the messages themselves.</summary>
public sealed partial class ManifestTests
{
    [Fact]
    public void Allowed_fields_are_those_of_the_messages_and_no_others()
    {
        var fields = Enum.GetValues<MessageKind>().Select(WireManifest.ParserOf).OfType<MessageParser>().Select(p => p.ParseFrom(ByteString.Empty).Descriptor)
            .Append(Query.Descriptor).SelectMany(d => Leaves(d, d.Name))
            .Concat(Leaves(Entry.Descriptor, "Entry").Where(name => !name.StartsWith("Entry.envelope.", StringComparison.Ordinal)))
            .Concat(["Envelope.kind", "Envelope.signature", "Share.entries", "Input.complaints", "MaskedVector.data", "Evidence.body", "Evidence.detached"])
            .Where(name => name != "Proposal.query");

        Assert.Equal(fields.Order(StringComparer.Ordinal), WireManifest.Allowed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_kind_of_a_round_is_counted()
    {
        Assert.All(
            Enum.GetValues<MessageKind>().Except([MessageKind.Unspecified, MessageKind.Roster, MessageKind.Act]), kind => Assert.NotNull(WireManifest.ParserOf(kind)));
    }

    [Fact]
    public void Document_lists_the_same_in_the_same_order()
    {
        var page = File.ReadAllText(Path.Combine(Repository(), "docs", "transcript.md"));
        var table = Between().Match(page).Groups["table"].Value;

        Assert.Equal(WireManifest.Allowed, Quoted().Matches(table).Select(m => m.Groups["name"].Value));
    }

    [Fact]
    public void A_round_is_counted_field_by_field()
    {
        var (shape, manifest) = (new RoundShape(19, 9), new WireManifest());
        using var harness = new RoundHarness(Consortium.Of(4), shape, 5, [new Fault(3, FaultKind.Silent, MessageKind.Input)]).Run();
        foreach (var entry in harness.Station.Log) manifest.Add(entry);
        manifest.AddVectors(3, shape.PackedLength);
        var fields = manifest.Fields.ToDictionary(f => f.Name);

        Assert.Equal(harness.Station.Log.Count, fields["Envelope.signature"].Count);
        Assert.Equal(64 * harness.Station.Log.Count, fields["Envelope.signature"].Bytes);
        Assert.Equal(new WireField("Share.self_commitment", 4, 128, 32, 32), fields["Share.self_commitment"]);
        Assert.Equal(12, fields["Share.entries"].Count);
        Assert.Equal(new WireField("Unmask.dropped.seed", 3, 96, 32, 32), fields["Unmask.dropped.seed"]);
        Assert.Equal(new WireField("Survivors.inputs.signature", 3, 192, 64, 64), fields["Survivors.inputs.signature"]);
        Assert.Equal(new WireField("MaskedVector.data", 3, 3 * shape.PackedLength, shape.PackedLength, shape.PackedLength), fields["MaskedVector.data"]);
        Assert.Equal(new WireField("Total.packed", 1, shape.PackedLength, shape.PackedLength, shape.PackedLength), fields["Total.packed"]);

        // A number that is 0 is not written.
        Assert.Equal(new WireField("Join.party", 3, 3, 1, 1), fields["Join.party"]);
        Assert.DoesNotContain("Evidence.body", fields.Keys);
    }

    [Fact]
    public void What_the_list_does_not_name_is_refused()
    {
        var broadcast = new Entry
        {
            RoundId = ByteString.CopyFrom(new byte[16]), Envelope = new Envelope { Kind = MessageKind.Agreed, Detached = { ByteString.CopyFromUtf8("beside") } },
        };
        var rejected = new Entry { Envelope = new Envelope { Kind = MessageKind.Agreed }, Rejection = RejectionCode.Conflict };
        var roster = new Entry { Envelope = new Envelope { Kind = MessageKind.Roster } };

        var manifest = new WireManifest();
        Assert.Contains("Agreed.entries", Assert.Throws<TranscriptException>(() => manifest.Add(broadcast)).Message, StringComparison.Ordinal);
        Assert.Equal(new WireField("Agreed.entries", 1, 6, 6, 6), manifest.Refused);
        Assert.Throws<TranscriptException>(() => new WireManifest().Add(rejected));
        Assert.Throws<TranscriptException>(() => new WireManifest().Add(roster));
    }

    private static IEnumerable<string> Leaves(MessageDescriptor message, string path) => message.Fields.InFieldNumberOrder()
        .SelectMany(f => f.FieldType == FieldType.Message ? Leaves(f.MessageType, $"{path}.{f.Name}") : [$"{path}.{f.Name}"]);

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "SecureAggregation.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }

    [GeneratedRegex("<!-- manifest(?<table>.*?)<!-- /manifest -->", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Between();

    [GeneratedRegex("`(?<name>[A-Za-z]+\\.[a-z_.]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quoted();
}
