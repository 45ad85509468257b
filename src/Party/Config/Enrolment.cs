using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Party.Config;

/// <summary>
/// Pins a roster: a person compares its twelve words with the other operators, over the phone or in a room, and types them here.
/// From then on the outpost believes this roster and no other.
/// </summary>
internal static class Enrolment
{
    /// <exception cref="ConfigurationException">The roster is broken, or the words are not its words.</exception>
    public static int Run(CommandLine command)
    {
        var options = Settings.Bind(Settings.Read(command), command);
        var roster = Identity.LoadRoster(options.Roster);
        var typed = command.Words;
        if (typed.Length == 0)
        {
            Console.Error.WriteLine(Describe(roster));
            Console.Error.Write("Words, as another operator reads them to you: ");
            typed = Console.In.ReadLine() ?? "";
        }

        if (!Fingerprint.Matches(roster.Hash, typed))
        {
            throw new ConfigurationException(
                "These are not this roster's twelve words; nothing was pinned. If they were read to you rightly, this roster file is not " +
                    "the one that the others have.",
                ExitCodes.Identity);
        }

        try
        {
            File.WriteAllText(options.RosterPinFile, PublicBytes.Hex(roster.Hash) + Environment.NewLine);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"'{options.RosterPinFile}' cannot be written; check the folder's owner and " +
                "mode.", ExitCodes.Identity, e);
        }

        Console.Out.WriteLine($"Pinned epoch {roster.Epoch} of {roster.Consortium} in {options.RosterPinFile}");
        return ExitCodes.Success;
    }

    private static string Describe(Roster roster) =>
        $"""
         {roster.Consortium}, epoch {roster.Epoch}, until {roster.NotAfter:u}
         parties:      {string.Join(", ", roster.Parties.Select(p => p.Name))}
         coordinators: {string.Join(", ", roster.Coordinators.Select(p => p.Name))}
         colluders withstood: {roster.MaxColluders}, survivors at least: {roster.MinSurvivors}
         """;
}
