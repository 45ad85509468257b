namespace SecureAggregation.Privacy;

/// <summary>
/// What a person loses to several releases together, in two views. The plain sum of ε is the one that caps are set on. Zero-concentrated
/// differential privacy (zCDP) is the second: an ε-private release has ρ = ε²/2 (M. Bun, T. Steinke, "Concentrated Differential
/// Privacy", TCC 2016, Proposition 1.4), ρ adds up as well, and <see cref="EpsilonAt"/> turns the sum into (ε, δ); for many small
/// releases that is far below the plain sum. Sums are whole numbers, exact and the same on every machine. The default value is no release.
/// <para>
/// Overlap: a person who may be in the data of m parties is touched m times by one query, so each release is charged as one of m·ε, with
/// ρ = (m·ε)²/2.
/// </para>
/// </summary>
public readonly record struct PrivacyCost
{
    private const double MicroSquaresPerRho = 2.0 * MicroEpsilon.PerUnit * MicroEpsilon.PerUnit;

    private readonly UInt128 _squares;

    private PrivacyCost(long micro, UInt128 squares) => (Micro, _squares) = (micro, squares);

    /// <summary>The plain sum of ε, in millionths.</summary>
    public long Micro { get; }

    /// <summary>ρ, rounded to floating point.</summary>
    public double Rho => (double)_squares / MicroSquaresPerRho;

    /// <summary>The cost of one release that was charged so many millionths of ε, overlap included, as a ledger notes it.</summary>
    /// <param name="charged">0 or more.</param>
    public static PrivacyCost OfMicro(long charged)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(charged);
        return new PrivacyCost(charged, (UInt128)(ulong)charged * (ulong)charged);
    }

    /// <summary>The exact cost of both.</summary>
    /// <exception cref="OverflowException">The sum is beyond 9·10¹² ε.</exception>
    public PrivacyCost Add(PrivacyCost other) => new(Micro + other.Micro, _squares + other._squares);

    /// <summary>The exact cost of both, see <see cref="Add"/>.</summary>
    public static PrivacyCost operator +(PrivacyCost left, PrivacyCost right) => left.Add(right);

    /// <summary>
    /// The ε of (ε, δ)-differential privacy that ρ implies: the least over α > 1 of
    /// αρ + ln(1 − 1/α) + (ln(1/δ) − ln α)/(α − 1), from Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy"
    /// (arXiv 2004.00010), section 2.3, solved for ε. Every α gives a true bound, so that a search that stops early stays on the safe side.
    /// It can be above the plain sum, which holds too, with δ = 0.
    /// </summary>
    /// <param name="delta">In (0, 1), e.g. 1e-6.</param>
    public double EpsilonAt(double delta)
    {
        if (delta is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(delta), delta, "delta must lie between 0 and 1, e.g. 0.000001.");
        }

        if (_squares == 0) return 0;
        var rho = Rho;
        // In ln(α − 1); the bound has one valley, since ln δ as a function of α is convex.
        var (low, high) = (-40.0, 60.0);
        while (high - low > 1e-9)
        {
            var (left, right) = (low + ((high - low) / 3), high - ((high - low) / 3));
            if (Bound(left) < Bound(right)) high = right;
            else low = left;
        }

        return Math.Max(0, Bound(low));

        double Bound(double x)
        {
            var above = Math.Exp(x);
            var log = Math.Log(1 + above);
            return ((1 + above) * rho) + x - log + ((-Math.Log(delta) - log) / above);
        }
    }
}
