namespace SecureAggregation.Aggregator.Security;

/// <summary>On every method of a service: whose call it takes. <see cref="CallGate"/> holds calls against it, and lets no station start in which a method has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AdmitsAttribute(Roles allowed) : Attribute
{
    /// <summary>One of these is enough.</summary>
    public Roles Allowed { get; } = allowed;
}
