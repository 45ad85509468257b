using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Cli.Demo;

/// <summary>An outpost that is killed as soon as the station reports that a phase has begun, before the outpost answers in it.</summary>
internal sealed record Loss(string Outpost, RoundPhase Phase)
{
    /// <summary>Reads NAME@PHASE.</summary>
    /// <exception cref="CliException">There is no such outpost or phase.</exception>
    public static Loss Parse(string text, IEnumerable<string> outposts)
    {
        var at = text.LastIndexOf('@');
        var name = outposts.FirstOrDefault(o => at > 0 && string.Equals(o, text[..at], StringComparison.OrdinalIgnoreCase))
            ?? throw Wrong(text, $"its outpost must be one of {string.Join(", ", outposts)}");
        var phase = RoundProgress.Phases.FirstOrDefault(p => p.Name.Replace(' ', '-') == text[(at + 1)..]).Phase;
        return phase == RoundPhase.Unspecified
            ? throw Wrong(text, $"its phase must be one of {string.Join(", ", RoundProgress.Phases.Select(p => p.Name.Replace(' ', '-')))}")
            : new Loss(name, phase);
    }

    private static CliException Wrong(string text, string rule) => new(ExitCode.BadInput, $"--lose '{text}' is not NAME@PHASE, such as Ganymede@masked-input: {rule}");
}
