using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Simulation;

/// <summary>Draws a plan from a seed: a world, several rounds in it beside and after each other, and things that go wrong between their events.</summary>
internal sealed class PlanGenerator
{
    private const int MessagesOfParty = 16;
    private const int Sparse = GraphParameters.CompleteUpTo + 1;

    private static readonly QueryNoise[] s_noises = [QueryNoise.Local, QueryNoise.Distributed, QueryNoise.None];

    private readonly SeededRandom _random;
    private readonly List<Operation> _operations = [];
    private readonly SortedSet<int> _dark = [];
    private readonly Setting _setting;
    private readonly Temper _temper;

    private PlanGenerator(ulong seed)
    {
        _random = new SeededRandom(seed);
        _temper = (Temper)Draw((10, (int)Temper.Calm), (25, (int)Temper.Lossy), (25, (int)Temper.Crashing), (25, (int)Temper.LyingParties), (15, (int)Temper.LyingStation));
        _setting = DrawSetting();
    }

    private enum Temper
    {
        Calm, Lossy, Crashing, LyingParties, LyingStation,
    }

    public static Plan Draw(ulong seed) => new PlanGenerator(seed).Draw();

    private Plan Draw()
    {
        var large = _setting.Parties > 10;
        var asks = large ? 1 : 4 + Below(6);
        for (var i = 0; i < asks; i++)
        {
            // Now and then the same question again, be it answered or not; and rounds beside each other.
            _operations.Add(new Ask(Below(6) == 0 ? Below(asks) : i, s_noises[Below(3)], Below(8) == 0 ? 3 + Below(Math.Max(1, _setting.Parties - 2)) : 0));
            Disturb();
            if (Below(4) == 0) continue;
            _operations.Add(new Finish(Below(1000)));
            foreach (var party in _dark.Where(_ => Below(3) > 0).ToList())
            {
                _operations.Add(new Return(party));
                _dark.Remove(party);
            }
        }

        return new Plan(_setting, _operations);
    }

    private void Disturb()
    {
        var events = _setting.Parties * MessagesOfParty;
        var faults = _temper == Temper.Calm ? Below(2) : Below(7);
        for (var i = 0; i < faults; i++)
        {
            _operations.Add(new Run(1 + Below(Below(3) == 0 ? events : Math.Max(2, events / (faults + 1))), Below(1000)));
            var fault = DrawFault();
            if (fault is GoDark(var party) && !MayDarken(party)) continue;
            if (fault is Vanish(var gone, _, _) && !MayDarken(gone)) continue;
            if (fault is Return(var back)) _dark.Remove(back);
            _operations.Add(fault);
        }
    }

    /// <summary>A third of them at most, or nothing but failed rounds would be left.</summary>
    private bool MayDarken(int party) => _dark.Count <= _setting.Parties / 3 && _dark.Add(party);

    private Operation DrawFault() => _temper switch
    {
        Temper.Crashing when Below(3) > 0 => Below(5) switch
        {
            0 => new CrashStation(Below(5)),
            1 => new StationDies(Below(2) == 0),
            2 => new CrashOutpost(Party()),
            3 => new OutpostDies(Party(), Below(2) == 0),
            _ => new LoseAnswer(Party()),
        },
        Temper.LyingParties when Below(3) > 0 && _setting.Corrupt.Count > 0 =>
            new LieOf(_setting.Corrupt[Below(_setting.Corrupt.Count)], Any<PartyLie>(), Party()),
        Temper.LyingStation when Below(3) > 0 => Below(6) switch
        {
            0 => new Isolate(Party(), Below(_setting.Parties / 2)),
            1 => new RollBack(1 + Below(_setting.Parties * 3)),
            _ => new LieTo(Party(), Any<StationLie>(), Party()),
        },
        _ => Below(14) switch
        {
            0 => new LoseRequest(Party()),
            1 or 2 => new LoseAnswer(Party()),
            3 => new Duplicate(Party(), Below(2) == 0),
            4 => new Reorder(Party(), Below(2) == 0),
            5 => new Delay(Party()),
            6 or 7 => new GoDark(Party()),
            8 => new Return(Party()),
            9 => new Pass(1 + Below(90)),
            10 => new DeclineNext(Party()),
            11 or 12 => new Vanish(Party(), (MessageKind)((int)MessageKind.Propose + Below(MessageKind.Abort - MessageKind.Propose)), Below(2) == 0),
            _ => new SlowData(Party()),
        },
    };

    private Setting DrawSetting()
    {
        var parties = Draw((1400, 3 + Below(3)), (567, 6 + Below(3)), (30, 20 + Below(41)), (3, Sparse + Below(20)));
        var most = Enumerable.Range(0, parties).Last(c => RoundRules.TryFor(parties, c, 3, 2, out _) is null);
        // Of so few parties a graph is sparse only if few of them may be corrupt.
        var colluders = parties >= Sparse ? Below(4) : Below(3) == 0 ? Below(most + 1) : Math.Min(most, Protocol.Roster.DefaultColluders(parties));
        // Corrupt parties need not lie: that they listen is enough to find what opens too much.
        var corrupt = _temper == Temper.LyingParties ? 1 + Below(Math.Max(1, colluders)) : Below(2) == 0 ? colluders : Below(colluders + 1);
        return new Setting
        {
            Parties = parties, Colluders = colluders, Bits = 8 + Below(57),
            SparsePermille = parties >= Sparse ? 50 : -1,
            MinSurvivors = 3 + (Below(4) == 0 ? Below(Math.Max(1, parties - 3)) : 0),
            Corrupt = [.. Enumerable.Range(0, parties).OrderBy(_ => _random.NextUInt64()).Take(Math.Min(corrupt, colluders)).Order()],
        };
    }

    private int Party() => Below(_setting.Parties);

    private T Any<T>()
        where T : struct, Enum => Enum.GetValues<T>()[Below(Enum.GetValues<T>().Length)];

    private int Below(int bound) => _random.Next(bound);

    /// <summary>One of the values, each as likely as its weight says.</summary>
    private int Draw(params (int Weight, int Value)[] choices)
    {
        var at = Below(choices.Sum(c => c.Weight));
        foreach (var (weight, value) in choices)
        {
            if (at < weight) return value;
            at -= weight;
        }

        return choices[^1].Value;
    }
}
