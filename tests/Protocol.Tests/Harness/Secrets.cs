using System.Reflection;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>What a party keeps to itself, for tests that must see it. There is no other way to it.</summary>
internal static class Secrets
{
    /// <summary>What it drew and dealt.</summary>
    public static Dealing Dealt(this PartyRound party) => Field<Dealing>(party, "_dealing");

    /// <summary>The shares that a dealer gave it.</summary>
    public static ReceivedShares Held(this PartyRound party, uint dealer) => Field<SortedDictionary<uint, ReceivedShares>>(party, "_received")[dealer];

    public static SecretBytes RecoverySeed(this Dealing dealing) =>
        (SecretBytes)typeof(Dealing).GetProperty("RecoverySeed", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(dealing)!;

    /// <summary>The key under which a dealer seals for it.</summary>
    public static SecretBytes SealKey(this Dealing dealing, uint dealer) => Field<Dictionary<uint, SecretBytes>>(dealing, "_incoming")[dealer];

    private static T Field<T>(object of, string name) => (T)of.GetType().GetField(name, BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(of)!;
}
