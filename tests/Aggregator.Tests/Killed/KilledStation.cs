using System.Diagnostics;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests.Killed;

/// <summary>A round that was killed once and went on: where, and the evidence of it.</summary>
internal sealed record KilledRound(string At, byte[] RosterHash, byte[] Bundle);

/// <summary>
/// A real station in a process of its own, which kills itself (SIGKILL) where it is told, is started again on the same data, and asked for the next round; its
/// outposts run here, over real sockets. All rounds share one log.
/// </summary>
internal sealed class KilledStation : IAsyncDisposable
{
    public const int Parties = 3;

    private readonly TestStation _station;
    private readonly KillOrder _order;
    private readonly string _orderFile;
    private readonly List<TestOutpost> _outposts = [];
    private Process? _process;
    private GrpcChannel? _channel;
    private Coordination.CoordinationClient _coordinator = null!;
    private ushort _queries;
    private RoundView? _last;

    public KilledStation(TestDatabase place)
    {
        _station = new TestStation(Parties) { Meaning = new PowerMeaning() };
        place.Configure(_station.Options);
        _orderFile = _station.Folder.File("order");
        _order = new KillOrder(_orderFile);
    }

    /// <summary>The rounds that the process was killed in so far.</summary>
    public int Kills { get; private set; }

    /// <summary>One round for each append of a round, and for each other write, killed there; each with its evidence, verified.</summary>
    /// <param name="after">Whether the write is on disk when the process dies.</param>
    /// <param name="step">1: every append; 3: every third.</param>
    /// <param name="stop">Ends it.</param>
    public async IAsyncEnumerable<KilledRound> Rounds(bool after, int step = 1, [EnumeratorCancellation] CancellationToken stop = default)
    {
        await Start();
        for (var i = 0; i < Parties; i++) _outposts.Add(await new TestOutpost(_station, (uint)i) { ChunkSize = 1 }.Connect());
        foreach (var what in (string[])["entry", "piece", "commit", "keep", "view", "checkpoint", "cosignature"])
        {
            // The first number that a round does not reach ends the loop.
            for (var number = 0; ; number += step)
            {
                stop.ThrowIfCancellationRequested();
                var at = $"{what} {number} {(after ? "after" : "before")}";
                var first = what == "entry" ? (await Head()).Size : 0;
                _order.Give(what, (long)first + number, after);
                var kills = Kills;
                var bundle = await Play(at);
                if (_order.Withdraw()) break;
                if (Kills != kills + 1) throw new InvalidOperationException($"{at}: the process was killed {Kills - kills} times.");
                yield return new KilledRound(at, _station.Consortium.Roster.Hash, bundle);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var outpost in _outposts) await outpost.DisposeAsync();
        _channel?.Dispose();
        if (_process is { HasExited: false }) _process.Kill();
        _process?.Dispose();
        await _station.DisposeAsync();
    }

    private async Task<byte[]> Play(string at)
    {
        var query = Query();
        byte[]? bundle = null;
        while (bundle is null)
        {
            try
            {
                // The last writes of a round may come when it is shown as done.
                bundle = await Export((await Follow(query, at)).RoundId);
            }
            catch (Exception e) when (e is RpcException or IOException or InvalidOperationException)
            {
                // Only because the process is dead; whether the proposal was logged, nobody knows.
                if (e is RpcException { StatusCode: StatusCode.Cancelled }) throw new InvalidOperationException($"{at}: the round does not end. {_last}", e);
                await _process!.WaitForExitAsync().Guard();
                await Restart();
            }
        }

        using var stream = new MemoryStream(bundle);
        var report = TranscriptVerifier.Verify(stream, new VerifyOptions { RosterHash = _station.Consortium.Roster.Hash, ShapeOf = _station.Meaning.Shape });
        Assert.True(report.Passed, $"{at}: {string.Join('\n', report.Steps)}");
        Assert.Equal(PowerMeaning.Sum(report.Total!.Length), Enumerable.Range(0, report.Total.Length).Select(i => (long)report.Total.Centered(i)));
        Assert.All(_outposts, outpost => Assert.Empty(outpost.Refusals));
        return bundle;
    }

    /// <summary>Asks unless the round is there already, and waits for its total and all cosignatures.</summary>
    private async Task<RoundView> Follow(SignedQuery query, string at)
    {
        var id = Wire(query).QueryId;
        using var limit = new CancellationTokenSource(AsyncGuard.Limit);
        using var watch = _coordinator.Watch(new WatchRequest(), cancellationToken: limit.Token);
        await watch.ResponseHeadersAsync.Guard();
        var listed = await _coordinator.ListRoundsAsync(new ListRoundsRequest { Limit = 1 }, cancellationToken: limit.Token);
        var round = listed.Rounds.FirstOrDefault(r => r.QueryId.Equals(id))?.RoundId
            ?? (await _coordinator.SubmitQueryAsync(new SubmitQueryRequest { Query = query }, cancellationToken: limit.Token)).RoundId;
        while (true)
        {
            var view = await _coordinator.GetRoundAsync(new GetRoundRequest { RoundId = round }, cancellationToken: limit.Token);
            _last = view;
            Assert.True(view.State != RoundState.Aborted, $"{at}: {view.Failure}");
            if (view.State == RoundState.Done && view.Cosignatures == Parties) return view;
            if (!await watch.ResponseStream.MoveNext(limit.Token)) throw new IOException("The watch ended.");
        }
    }

    private async Task Restart()
    {
        Kills++;
        Assert.Equal(128 + 9, _process!.ExitCode);
        await Start();
        foreach (var outpost in _outposts) await outpost.Connect();
        foreach (var outpost in _outposts) await outpost.Resend();
    }

    private async Task Start()
    {
        _channel?.Dispose();
        _process?.Dispose();
        var options = _station.Options;
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var argument in (string[])[
            typeof(Program).Assembly.Location, "--key", options.KeyFile, "--roster", options.RosterFile, "--data", options.DataDirectory, "--listen", "127.0.0.1:0",
            "--database", options.Database, "--vectors", options.Vectors.ToString(), "--cores", "1"]) start.ArgumentList.Add(argument);
        start.Environment[Program.OrderVariable] = _orderFile;
        // It lives for a second: nothing pays that takes longer to compile.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_BackgroundWorkerTimeoutMs"] = "0";
        // Never null: UseShellExecute is off.
        _process = Process.Start(start)!;
        _station.Address = await _process.StandardOutput.ReadLineAsync().Guard() ?? throw new InvalidOperationException("The station did not start.");
        _channel = _station.Consortium.Channel(_station.Address, _station.Consortium.Coordinator);
        _coordinator = new Coordination.CoordinationClient(_channel);
    }

    private async Task<LogHead> Head() => (await _coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard()).Head;

    private async Task<byte[]> Export(ByteString round)
    {
        using var call = new Audit.AuditClient(_channel!).ExportBundle(new ExportBundleRequest { RoundId = round });
        using var bundle = new MemoryStream();
        while (await call.ResponseStream.MoveNext().Guard()) bundle.Write(call.ResponseStream.Current.Data.Span);
        return bundle.ToArray();
    }

    private SignedQuery Query()
    {
        _queries++;
        return _station.Consortium.Query(1, query =>
        {
            query.QueryId = ByteString.CopyFrom([.. new byte[14], (byte)(_queries >> 8), (byte)_queries]);
            query.Analysis = ByteString.CopyFrom(PowerMeaning.Question.Encode());
        });
    }

    private static Query Wire(SignedQuery query) => Protocol.Wire.Query.Parser.ParseFrom(query.Body);
}

/// <summary>A real question, and inputs of which every sum shows whose they are: each party has a bit of its own.</summary>
internal sealed class PowerMeaning : SumMeaning
{
    private readonly Rounds.SurveyMeaning _survey = new();
    private RoundShape _shape;

    public static Analysis Question { get; } = new([], [new ColumnMeasure(MeasureKind.Count)], null, [], RowRule.OneRowPerPerson);

    public override RoundShape Shape(Question question, int invited) => _shape = _survey.Shape(question, invited);

    public override IReadOnlyList<StatisticView> Results(AggregatorRound round) => _survey.Results(round);

    public override RingVector Input(uint party)
    {
        var input = new RingVector(_shape.Bits, _shape.Length);
        for (var i = 0; i < _shape.Length; i++) input.SetCentered(i, Cell(party, i));
        return input;
    }

    public static long[] Sum(int length) => [.. Enumerable.Range(0, length).Select(i => Enumerable.Range(0, KilledStation.Parties).Sum(p => Cell((uint)p, i)))];

    private static long Cell(uint party, int cell) => 1L << ((int)party + (KilledStation.Parties * (cell % 4)));
}
