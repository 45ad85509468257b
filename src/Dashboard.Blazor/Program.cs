using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Dashboard.Blazor;
using SecureAggregation.Dashboard.Blazor.Security;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol;

// Exit codes: 0 ended as asked, 2 wrong options or files, 3 the address cannot be listened on.
if (args.Contains("--help") || args.Contains("-h"))
{
    await Console.Out.WriteLineAsync(DashboardOptions.Usage);
    return 0;
}

if (args.Contains("--version"))
{
    await Console.Out.WriteLineAsync($"secagg-dashboard/{typeof(DashboardOptions).Assembly.GetName().Version?.ToString(3)}");
    return 0;
}

try
{
    var options = DashboardOptions.Read(args);
    using var identity = ReadKey(options.KeyFile);
    var (roster, earlier) = RosterFollower.Read(options.RosterFile);
    if (roster.FindParty(identity.Public) is { } party)
        throw new OptionsException($"--key {options.KeyFile} is the key of the outpost {party.Name}; the dashboard must not hold it: make an auditor's or coordinator's key with `secagg keygen` and name it in the roster");
    var consortium = Consortium.Connect(new ConsortiumOptions { Address = options.Station, Roster = roster, Earlier = earlier, Identity = identity, Time = TimeProvider.System });
    await using var app = DashboardApp.Build(options, consortium, TimeProvider.System, roster.FindCoordinator(identity.Public) is null ? null : identity);
    try
    {
        await app.StartAsync();
    }
    catch (IOException e)
    {
        await Console.Error.WriteLineAsync($"error: {options.Listen.OriginalString} cannot be listened on: {e.Message}; choose another port with --listen, or port 0 for a free one");
        return 3;
    }

    var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    if (options.AddressFile is { } file) await WriteWholeAsync(file, address);
    await Console.Out.WriteLineAsync($"dashboard: {address}");
    if (app.Services.GetService<AccountBook>() is { All.Count: 0 })
    {
        // As Jupyter does: whoever sees this terminal makes the first account.
        var code = app.Services.GetRequiredService<Invitations>().Issue([Role.Admin, Role.Coordinator, Role.Auditor], LoggedRights.Operator);
        await Console.Out.WriteLineAsync($"first account (good once, for a day): {address}{DeckUrls.Invitation(code)}");
    }

    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (e is OptionsException or AccountException or RosterException or CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync($"error: {e.Message}");
    if (e is OptionsException) await Console.Error.WriteLineAsync("See --help.");
    return 2;
}

static IdentityKey ReadKey(string path)
{
    const int MaxKeyFile = 16 * 1024;
    using var pem = SecretBytes.ReadFile(path, MaxKeyFile) ?? throw new OptionsException($"--key {path} has more than {MaxKeyFile} bytes; a key file has fewer");
    return IdentityKey.FromPem(pem.Span);
}

// Whoever waits for the file must never read half an address.
static async Task WriteWholeAsync(string path, string text)
{
    var draft = path + ".new";
    await File.WriteAllTextAsync(draft, text);
    File.Move(draft, path, overwrite: true);
}
