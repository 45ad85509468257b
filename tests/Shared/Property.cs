using FsCheck;
using FsCheck.Fluent;

namespace SecureAggregation.Testing;

/// <summary>
/// FsCheck from a plain [Fact]. Every run uses the same seed, which a failure prints beside the shrunk case;
/// SECAGG_PROPERTY_SEED=a,b (two numbers, the second odd) runs another, SECAGG_PROPERTY_CASES=n more cases.
/// </summary>
public static class Property
{
    private static readonly string s_seed = Environment.GetEnvironmentVariable("SECAGG_PROPERTY_SEED") ?? "20260101,1";

    /// <summary>Checks a property over generated values; the property fails by returning false or by throwing.</summary>
    public static void Holds<T>(Arbitrary<T> values, Func<T, bool> property, int cases = 100)
    {
        var parts = s_seed.Split(',');
        var replay = new Replay(new Rnd(ulong.Parse(parts[0]), ulong.Parse(parts[1])), null);
        var wanted = int.TryParse(Environment.GetEnvironmentVariable("SECAGG_PROPERTY_CASES"), out var n) ? n : cases;
        var config = Config.QuickThrowOnFailure.WithMaxTest(wanted).WithReplay(FSharpOption(replay)).WithQuietOnSuccess(true);
        try
        {
            Prop.ForAll(values, property).Check(config);
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"Property failed (SECAGG_PROPERTY_SEED={s_seed}): {e.Message}", e);
        }
    }

    /// <summary>Checks a property over values of a generator, without shrinking.</summary>
    public static void Holds<T>(Gen<T> values, Func<T, bool> property, int cases = 100) =>
        Holds(values.ToArbitrary(), property, cases);

    private static Microsoft.FSharp.Core.FSharpOption<Replay> FSharpOption(Replay value) => new(value);
}
