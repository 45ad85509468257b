using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecureAggregation.Party.Catalogue;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Tests.Catalogue;

/// <summary>What an outpost tells of its datasets when it comes online.</summary>
public sealed class OfferTests
{
    [Fact]
    public void Offer_is_the_same_bytes_whatever_the_rows_are_and_holds_neither_size_nor_hash()
    {
        using var few = new Outpost(Rows(4711, 30));
        using var many = new Outpost(Rows(18_233, 60));
        Assert.Equal(few.Hello(), many.Hello());
        var bytes = many.Hello();
        var version = many.Catalogue.Current("clinic")!;
        foreach (var number in (long[])[18_233, version.RoundedRows, 18_200, 18_300])
        {
            Assert.False(Holds(bytes, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture))), $"{number} as text");
            Assert.False(Holds(bytes, Varint(number)), $"{number} as a varint");
            Assert.False(Holds(bytes, BitConverter.GetBytes((int)number)), $"{number} as four bytes");
        }

        Assert.False(Holds(bytes, version.Hash[..8]));
        var offer = Protocol.Wire.Hello.Parser.ParseFrom(bytes).Datasets.Single();
        var schema = DatasetSchema.Decode(offer.Schema.Span);
        Assert.Equal((1u, "clinic", DatasetAccess.Members), (offer.Version, schema.Name, schema.Access));
        Assert.Equal((89.0, 90.0), (schema.Column("age").TopCode!.Value, schema.Column("age").High!.Value));
    }

    [Fact]
    public void Changed_file_is_seen_at_the_next_look_and_its_version_told_with_the_next_offer()
    {
        using var outpost = new Outpost(Rows(1000, 30));
        outpost.Watch.Look(CancellationToken.None);
        Assert.Equal(1u, outpost.Version);
        outpost.Replace(Rows(1600, 30));
        Assert.Equal(1u, outpost.Version);
        outpost.Watch.Look(CancellationToken.None);
        Assert.Equal(2u, outpost.Version);
        var versions = outpost.Catalogue.Versions("clinic");
        Assert.InRange(versions[1].RoundedRows - versions[0].RoundedRows, 500, 700);
        Assert.Equal("2", outpost.Catalogue.Of("clinic").Id);
        // A file that cannot be read keeps the last version, and the operator is told.
        outpost.Replace("age\n1,2\n");
        outpost.Watch.Look(CancellationToken.None);
        Assert.Equal(2u, outpost.Version);
        Assert.Contains("could not be read for the catalogue", outpost.Log.Text, StringComparison.Ordinal);
        outpost.Replace(Rows(1000, 30));
        outpost.Watch.Look(CancellationToken.None);
        Assert.Equal(1u, outpost.Version);
        // Written anew with the same content: the same version.
        outpost.Replace(Rows(1000, 30));
        outpost.Watch.Look(CancellationToken.None);
        Assert.Equal(1u, outpost.Version);
    }

    private static string Rows(int count, int age) =>
        "full_name,age,sex\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"x,{age + (i % 20)},{i % 2}\n"));

    private static byte[] Varint(long value)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true)) output.WriteInt64(value);
        return stream.ToArray();
    }

    private static bool Holds(byte[] bytes, byte[] part) => bytes.AsSpan().IndexOf(part) >= 0;

    /// <summary>An outpost that is set up and has read its data, and does not dial.</summary>
    private sealed class Outpost : IDisposable
    {
        private readonly Scratch _scratch = new();
        private readonly IHost _host;

        public Outpost(string csv)
        {
            var command = CommandLine.Parse(["--config", TestConsortium.Shared.WriteOutpost(_scratch, "https://127.0.0.1:1", csv)]);
            var configuration = Settings.Read(command);
            var setup = OutpostSetup.Load(Settings.Bind(configuration, command), TimeProvider.System.GetUtcNow());
            _host = OutpostHost.Build(
                configuration, setup, TimeProvider.System, RandomNumberGenerator.Create(), logging => logging.ClearProviders().AddProvider(Log));
            Watch.Begin(setup.Datasets.ToDictionary(
                d => d.Key, d => DataReading.Take(d.Value, TimeProvider.System, CancellationToken.None), StringComparer.Ordinal));
        }

        public Recorder Log { get; } = new();

        public DataCatalogue Catalogue => _host.Services.GetRequiredService<DataCatalogue>();

        public CatalogueWatch Watch => _host.Services.GetRequiredService<CatalogueWatch>();

        public uint Version => Protocol.Wire.Hello.Parser.ParseFrom(Hello()).Datasets.Single().Version;

        public byte[] Hello() => _host.Services.GetRequiredService<Func<Hello>>()().ToByteArray();

        /// <summary>By renaming a new file over the old one, as operators are asked to.</summary>
        public void Replace(string csv)
        {
            var next = _scratch.Write("next.csv", csv);
            File.Move(next, _scratch["clinic.csv"], overwrite: true);
        }

        public void Dispose()
        {
            _host.Dispose();
            _scratch.Dispose();
        }
    }
}
