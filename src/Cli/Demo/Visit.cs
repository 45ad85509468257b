namespace SecureAggregation.Cli.Demo;

/// <summary>One made-up visit as it really was, before the clinic's way of writing it down. A null is a value that the clinic does not have.</summary>
internal sealed record Visit(
    string CitizenId,
    string FullName,
    DateOnly Date,
    string? Sex,
    int? Age,
    int? Systolic,
    double? Glucose,
    string? Diagnosis,
    bool? Smoker);
