using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>Packed ring elements break a rule of the encoding; the message names the rule and never an element.</summary>
public sealed class RingFormatException(string message) : CryptographicException(message);
