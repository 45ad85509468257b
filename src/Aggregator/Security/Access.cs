using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Crypto;
using RosterMember = SecureAggregation.Protocol.RosterMember;

namespace SecureAggregation.Aggregator.Security;

/// <summary>What the roster makes of a key. One key may be several.</summary>
[Flags]
internal enum Roles
{
    None = 0,
    Party = 1,
    Coordinator = 2,
    Auditor = 4,
    Member = Party | Coordinator | Auditor,
}

/// <summary>Who calls, by the roster that was in force when the call came.</summary>
/// <param name="Roles">What the roster makes of the key.</param>
/// <param name="Member">Whose key it is.</param>
/// <param name="Replaced">Cancelled when that roster is replaced: the caller may be a member no more then.</param>
internal sealed record Caller(Roles Roles, RosterMember Member, CancellationToken Replaced)
{
    /// <summary>
    /// The one whom <see cref="CallGate"/> has let in. Each method asks before it does anything: between the headers, which the gate saw, and the end of the body
    /// there may be weeks, and whoever was a member then must not come in by a call that he kept open.
    /// </summary>
    /// <exception cref="RpcException">The roster was replaced since.</exception>
    public static Caller Of(ServerCallContext context)
    {
        var caller = context.GetHttpContext().Features.GetRequiredFeature<Caller>();
        return caller.Replaced.IsCancellationRequested
            ? throw new RpcException(new Status(StatusCode.Unavailable, "The roster was replaced while the call came in; call again."))
            : caller;
    }
}

/// <summary>
/// Who may call what. TLS has shown that the caller holds the certificate's key; here the key is looked up in the roster. Certificates
/// are self-signed: of the certificate itself only the key and the dates count.
/// </summary>
internal sealed class Access(RosterHistory rosters, TimeProvider clock, ILogger<Access> log)
{
    // Of strangers, who may call without end, so many lines a minute; the rest is counted.
    private const int LinesOfStrangers = 20;
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private DateTimeOffset _since;
    private int _strangers;

    /// <summary>The caller, if one of the roles is his.</summary>
    /// <exception cref="RpcException">Unauthenticated or PermissionDenied, with a sentence.</exception>
    public Caller Admit(X509Certificate2? certificate, Roles allowed, string method)
    {
        try
        {
            var caller = Identify(certificate);
            return (caller.Roles & allowed) != Roles.None ? caller : throw Denied(
                StatusCode.PermissionDenied, $"{method} is for {allowed}; {caller.Member.Name} is {caller.Roles} in the roster. Ask with a key that has this role.");
        }
        catch (RpcException e)
        {
            if (e.StatusCode != StatusCode.Unauthenticated || IsToBeLogged()) log.AccessDenied(method, e.Status.Detail);
            throw;
        }
    }

    private bool IsToBeLogged()
    {
        int before;
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            if (now - _since < s_minute) return ++_strangers <= LinesOfStrangers;
            (_since, before, _strangers) = (now, _strangers, 1);
        }

        if (before > LinesOfStrangers) log.StrangersDenied(before - LinesOfStrangers);
        return true;
    }

    /// <summary>The member whose key a certificate bears.</summary>
    private Caller Identify(X509Certificate2? certificate)
    {
        // First: whoever is a member under the roster that is read below is told when that one is replaced.
        var replaced = rosters.Replaced;
        if (certificate is null)
        {
            throw Denied(
                StatusCode.Unauthenticated,
                "No client certificate came with the call; the station knows its callers by the certificate of their identity key: set the key file.");
        }

        var (now, notBefore, notAfter) = (clock.GetUtcNow(), new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        if (now < notBefore || now > notAfter)
        {
            throw Denied(
                StatusCode.Unauthenticated,
                $"The client certificate is valid from {notBefore.ToUniversalTime():u} to {notAfter.ToUniversalTime():u}, and now is {now:u}; "
                + "make a new certificate of the same key, or set the clock right.");
        }

        var (key, roster) = (Key(certificate), rosters.Current);
        var (party, coordinator, auditor) = (roster.FindParty(key), roster.FindCoordinator(key), roster.FindAuditor(key));
        var roles = (party is null ? Roles.None : Roles.Party) | (coordinator is null ? Roles.None : Roles.Coordinator) | (auditor is null ? Roles.None : Roles.Auditor);
        return (party ?? coordinator ?? auditor) is { } member ? new Caller(roles, member, replaced) : throw Denied(
            StatusCode.Unauthenticated,
            $"The key {key.Fingerprint} of the client certificate is not in the roster of {roster.Consortium} (epoch {roster.Epoch}); "
            + "use a key of the roster, or have the founders sign a roster that lists it.");
    }

    private static IdentityPublicKey Key(X509Certificate2 certificate)
    {
        try
        {
            return IdentityPublicKey.FromCertificate(certificate);
        }
        catch (CryptographicException e)
        {
            throw Denied(StatusCode.Unauthenticated, e.Message);
        }
    }

    private static RpcException Denied(StatusCode code, string sentence) => new(new Status(code, sentence));
}
