using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>
/// Connections of each member, and of all strangers together, once TLS has shown whose they are: nobody can take the places of others. One too many ends
/// the oldest of the same owner, so that an outpost whose old connections are dead without the station knowing it gets in.
/// </summary>
/// <param name="rosters">Whose roster in force says how many there may be.</param>
/// <param name="most">How many in all; 0: as the roster says.</param>
internal sealed class ConnectionGate(RosterHistory rosters, int most)
{
    private readonly Lock _gate = new();
    private int _all;

    // Oldest first; those of strangers under the key that nobody has.
    private readonly Dictionary<string, LinkedList<ConnectionContext>> _open = new(StringComparer.Ordinal);

    /// <summary>Lets a connection through to TLS, unless there are too many in all.</summary>
    public async Task Count(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            if (Interlocked.Increment(ref _all) <= (most > 0 ? most : ConnectionLimits.Connections(rosters.Current))) await next(connection);
            else connection.Abort(new ConnectionAbortedException("There are too many connections."));
        }
        finally
        {
            Interlocked.Decrement(ref _all);
        }
    }

    /// <summary>Lets a connection through for as long as it lasts.</summary>
    public async Task Pass(ConnectionContext connection, ConnectionDelegate next)
    {
        var (owner, most) = OwnerOf(connection);
        ConnectionContext? oldest = null;
        LinkedListNode<ConnectionContext> place;
        lock (_gate)
        {
            if (!_open.TryGetValue(owner, out var all)) _open.Add(owner, all = []);
            place = all.AddLast(connection);
            if (all.Count > most)
            {
                oldest = all.First!.Value;
                all.RemoveFirst();
            }
        }

        oldest?.Abort(new ConnectionAbortedException("Its owner has opened too many connections."));
        try
        {
            await next(connection);
        }
        finally
        {
            lock (_gate) place.List?.Remove(place);
        }
    }

    private (string Owner, int Most) OwnerOf(ConnectionContext connection)
    {
        if (connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } certificate) return ("", ConnectionLimits.Strangers);
        try
        {
            var (key, roster) = (IdentityPublicKey.FromCertificate(certificate), rosters.Current);
            if (roster.FindCoordinator(key) is not null || roster.FindAuditor(key) is not null) return (key.Fingerprint, ConnectionLimits.PerOfficer);
            return roster.FindParty(key) is null ? ("", ConnectionLimits.Strangers) : (key.Fingerprint, ConnectionLimits.PerParty);
        }
        catch (CryptographicException)
        {
            return ("", ConnectionLimits.Strangers);
        }
    }
}
