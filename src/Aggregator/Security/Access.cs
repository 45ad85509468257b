using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
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

/// <summary>Who calls.</summary>
internal sealed record Caller(Roles Roles, RosterMember Member);

/// <summary>
/// Who may call what. TLS has shown that the caller holds the certificate's key; here the key is looked up in the roster. Certificates
/// are self-signed: of the certificate itself only the key and the dates count.
/// </summary>
internal sealed class Access(RosterHistory rosters, TimeProvider clock, ILogger<Access> log)
{
    /// <summary>The caller, if one of the roles is his.</summary>
    /// <exception cref="RpcException">Unauthenticated or PermissionDenied, with a sentence.</exception>
    public Caller Require(ServerCallContext context, Roles allowed)
    {
        try
        {
            var caller = Identify(context.GetHttpContext().Connection.ClientCertificate);
            return (caller.Roles & allowed) != Roles.None ? caller : throw Denied(
                StatusCode.PermissionDenied, $"{context.Method} is for {allowed}; {caller.Member.Name} is {caller.Roles} in the roster. Ask with a key that has this role.");
        }
        catch (RpcException e)
        {
            log.AccessDenied(context.Method, e.Status.Detail);
            throw;
        }
    }

    /// <summary>The member whose key a certificate bears.</summary>
    public Caller Identify(X509Certificate2? certificate)
    {
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
        return (party ?? coordinator ?? auditor) is { } member ? new Caller(roles, member) : throw Denied(
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
