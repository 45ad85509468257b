using System.CommandLine;
using SecureAggregation.Crypto;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg keygen`: an identity for an outpost, a station, a coordinator or an auditor.</summary>
internal static class KeygenCommand
{
    private static readonly Argument<FileInfo> s_file = new("FILE") { Description = "Where the private key goes (PKCS#8 PEM, mode 0600); the public one goes to FILE.pub" };
    private static readonly Option<bool> s_force = new("--force") { Description = "Overwrite an existing key" };

    public static Command Create() =>
        new Command("keygen", "Make an identity key (P-256)") { s_file, s_force }.Does((arguments, _) =>
        {
            var file = arguments.Get(s_file);
            using var key = IdentityKey.Generate();
            KeyFiles.Write(file.FullName, key, arguments.Get(s_force));
            if (arguments.Terminal.Json)
            {
                arguments.Terminal.WriteJson(new { privateKey = file.FullName, publicKey = KeyFiles.PublicPath(file.FullName), key.Public.Fingerprint, key.Public.Words });
            }
            else
            {
                arguments.Terminal.Line($"private key  {file.FullName}   keep it here; nobody else needs it");
                arguments.Terminal.Line($"public key   {KeyFiles.PublicPath(file.FullName)}   goes to whoever drafts the roster");
                arguments.Terminal.Line($"fingerprint  {key.Public.Fingerprint}");
                arguments.Terminal.Line($"in words     {key.Public.Words}");
            }

            return Task.FromResult(ExitCode.Ok);
        });
}
