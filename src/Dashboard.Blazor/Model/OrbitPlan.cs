using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>Where the outposts stand around the station: ellipses seen from above and aside, filled from the inside, in roster order.</summary>
public sealed record OrbitPlan(IReadOnlyList<Orbit> Orbits, IReadOnlyList<OrbitSeat> Seats)
{
    public const double Width = 720;
    public const double Height = 430;
    public const double CentreX = Width / 2;
    public const double CentreY = Height / 2;

    private const double Tilt = 0.58;

    /// <summary>How many names fit beside their outposts; beyond it the list twin has them.</summary>
    public const int MostNamed = 24;

    public static OrbitPlan Of(IReadOnlyCollection<OutpostView> outposts)
    {
        var rings = outposts.Count switch { <= 8 => 1, <= 16 => 2, <= 32 => 3, _ => 5 };
        const double Inner = 170, Outer = 310;
        var orbits = Enumerable.Range(0, rings)
            .Select(i => rings == 1 ? 262 : Inner + ((Outer - Inner) * i / (rings - 1)))
            .Select(radius => new Orbit(radius, radius * Tilt)).ToArray();

        // Seats go round the plate by equal angles and alternate between the rings, so neighbours in angle never share a ring.
        var seats = new List<OrbitSeat>(outposts.Count);
        var at = 0;
        foreach (var outpost in outposts.OrderBy(outpost => outpost.Index))
        {
            var orbit = orbits[at % rings];
            var angle = (2 * Math.PI * at / outposts.Count) - (0.62 * Math.PI);
            seats.Add(new OrbitSeat(outpost, CentreX + (orbit.RadiusX * Math.Cos(angle)), CentreY + (orbit.RadiusY * Math.Sin(angle))));
            at++;
        }

        return new OrbitPlan(orbits, seats);
    }

    /// <summary>1 for heard just now, falling to a third for a minute of silence.</summary>
    public static double Brightness(OutpostView outpost, DateTimeOffset now)
    {
        if (!outpost.Online || Contract.TimeOrNull(outpost.LastSeenMs) is not { } seen) return 0.33;
        return Math.Clamp(1 - ((now - seen).TotalSeconds / 90), 0.33, 1);
    }
}

public sealed record Orbit(double RadiusX, double RadiusY);

public sealed record OrbitSeat(OutpostView Outpost, double X, double Y);
