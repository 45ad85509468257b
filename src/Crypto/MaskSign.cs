namespace SecureAggregation.Crypto;

/// <summary>Which of the two parties of a pair adds the mask; the other one subtracts it, and in the total it cancels.</summary>
public enum MaskSign
{
    /// <summary>The mask is added.</summary>
    Add,

    /// <summary>The mask is subtracted.</summary>
    Subtract,
}
