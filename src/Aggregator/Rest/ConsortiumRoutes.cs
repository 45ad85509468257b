using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>Who is there and what may be asked of them.</summary>
internal static class ConsortiumRoutes
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("").WithTags("consortium").Needs(Permission.ReadResults);
        group.MapGet("/discovery", Discovery).WithName("discovery").WithSummary("The consortium, its roster, and the addresses of this interface.");
        group.MapGet("/nodes", (PartyDirectory parties) => new NodesView([.. parties.Views().Select(NodeView.Of)])).WithName("nodes").WithSummary("Every outpost of the roster.");
        group.MapGet("/data-catalogs", (PartyDirectory parties) => Catalogs(parties)).WithName("data-catalogs").WithSummary("The datasets that outposts have offered since the station started.");
        group.MapGet("/data-catalogs/{id}", (string id, PartyDirectory parties) => Catalog(id, parties)).WithName("data-catalog").WithSummary("One dataset: its schema and who offers it.").Fails("catalog-not-found");
        group.MapGet("/budgets", (HttpContext context, PartyDirectory parties) => Budgets(RestCaller.Of(context.User), parties))
            .WithName("budgets").WithSummary("What is left, by the outposts' own unsigned word. Whoever is for some studies sees those and the datasets.");
    }

    private static DiscoveryView Discovery(RosterHistory rosters, StationOptions options)
    {
        var (roster, oidc) = (rosters.Current, options.Rest.Oidc);
        var consortium = new ConsortiumView(roster.Consortium, roster.Epoch, PublicBytes.Hex(roster.Hash), string.Join(' ', roster.Words), Convert.ToBase64String(roster.Signed), roster.LogOrigin, Quorum(roster));
        return new DiscoveryView(
            StationHost.Software, "v1", consortium, new SignInView("/api/v1/auth/token", oidc.Authority.Length == 0 ? null : oidc.Authority, oidc.Authority.Length == 0 ? null : oidc.Audience),
            new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["openapi"] = "/openapi/v1.json",
                ["nodes"] = "/api/v1/nodes",
                ["data_catalogs"] = "/api/v1/data-catalogs",
                ["budgets"] = "/api/v1/budgets",
                ["jobs"] = "/api/v1/jobs",
                ["checkpoints"] = "/api/v1/checkpoints",
                ["acts"] = "/api/v1/acts",
                ["events"] = "/api/v1/events",
            });
    }

    /// <summary>The fewest outposts with which a round can run.</summary>
    private static int Quorum(Roster roster) => Enumerable.Range(1, roster.Parties.Count)
        .FirstOrDefault(n => RoundRules.TryFor(n, roster.MaxColluders, roster.MinSurvivors, roster.MinHonest, out _) is null, roster.Parties.Count);

    private static CatalogsView Catalogs(PartyDirectory parties) => new(
        [.. parties.Views().SelectMany(v => v.Datasets.Select(d => (d.Name, Node: v.Name))).GroupBy(d => d.Name, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new CatalogLine(g.Key, [.. g.Select(d => d.Node)]))]);

    private static CatalogView Catalog(string id, PartyDirectory parties)
    {
        var offers = parties.Views().SelectMany(v => v.Datasets.Where(d => d.Name == id).Select(d => (Node: v, Dataset: d))).ToList();
        if (offers.Count == 0)
        {
            var names = parties.Views().SelectMany(v => v.Datasets).Select(d => d.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            throw new RestException("catalog-not-found", $"No outpost has offered a dataset \"{id}\" since the station started; offered are: {(names.Count == 0 ? "none" : string.Join(", ", names))}.");
        }

        var schema = offers.GroupBy(o => o.Dataset.Schema).MaxBy(g => g.Count())!.Key;
        return new CatalogView(
            id, [.. offers.Select(o => new CatalogNode(o.Node.Index, o.Node.Name, o.Node.Online, o.Dataset.Version, o.Dataset.Schema.Equals(schema)))], SchemaView.Of(schema.Span), schema.ToBase64());
    }

    private static BudgetsView Budgets(RestCaller caller, PartyDirectory parties) => new(
        [.. parties.Views().SelectMany(v => v.Budgets.Where(b => b.Scope != BudgetScope.Study || caller.Sees(b.Subject)).Select(b => new BudgetView(v.Name, b.Dataset, Values.Word(b.Scope), b.Subject, b.CapMicro / 1e6, b.LeftMicro / 1e6, Values.Time(v.BudgetsAtMs))))]);
}
