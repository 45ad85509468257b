using System.Security.Claims;
using SecureAggregation.Accounts;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>Asked again while a stream lasts: whether the token of its request is still good, for what it was.</summary>
internal sealed record Standing(Func<bool> Holds);

/// <summary>Who calls by REST: what a token or key came to, looked up at each request.</summary>
internal sealed record RestCaller(string Name, IReadOnlyList<string>? Studies)
{
    public const string MayClaim = "may";
    private const string NameClaim = "name";
    private const string StudyClaim = "study";
    private const string AllStudies = "all-studies";

    /// <summary>The caller of a request that has passed a policy.</summary>
    public static RestCaller Of(ClaimsPrincipal user) => new(
        user.FindFirstValue(NameClaim) ?? throw new InvalidOperationException("Nobody has signed in."),
        user.HasClaim(c => c.Type == AllStudies) ? null : [.. user.FindAll(StudyClaim).Select(c => c.Value)]);

    /// <summary>The caller as claims.</summary>
    public static ClaimsPrincipal Principal(string scheme, string name, IEnumerable<Permission> may, IReadOnlyList<string>? studies) => new(new ClaimsIdentity(
        [
            new Claim(NameClaim, name),
            .. may.Select(p => new Claim(MayClaim, p.Word())),
            .. studies is null ? [new Claim(AllStudies, "")] : studies.Select(s => new Claim(StudyClaim, s)),
        ],
        scheme, NameClaim, roleType: null));

    /// <summary>What these roles may do together.</summary>
    public static IEnumerable<Permission> Of(IReadOnlyList<Role> roles) => Permissions.All.Where(p => roles.Any(r => r.Allows(p)));

    public bool Sees(string study) => Studies?.Contains(study, StringComparer.Ordinal) ?? true;

    /// <exception cref="RestException">The study is not one of the caller's.</exception>
    public void Require(string study)
    {
        if (Sees(study)) return;
        throw new RestException("study-not-permitted", $"{Name} is for {(Studies!.Count == 0 ? "no study" : $"the studies {string.Join(", ", Studies)}")}; this is {(study.Length == 0 ? "of no study" : $"of the study {study}")}. An admin can change that.");
    }
}
