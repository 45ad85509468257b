using SecureAggregation.Protocol.Wire;
using Spectre.Console;

namespace SecureAggregation.Cli;

/// <summary>A round as it runs, on standard error: bars in a terminal, one line a phase in a pipe, nothing with --json.</summary>
internal sealed class RoundProgress(IAnsiConsole console)
{
    public static readonly IReadOnlyList<(RoundPhase Phase, string Name)> Phases =
    [
        (RoundPhase.Propose, "join"), (RoundPhase.Advertise, "keys"), (RoundPhase.Share, "shares"), (RoundPhase.Input, "masked input"),
        (RoundPhase.Agree, "agreement"), (RoundPhase.Unmask, "unmasking"), (RoundPhase.Recover, "recovery"), (RoundPhase.Publish, "total"),
    ];

    public static string Name(RoundPhase phase) => Phases.FirstOrDefault(p => p.Phase == phase).Name ?? "";

    /// <summary>Shows the views that <paramref name="run"/> reports until it ends.</summary>
    public async Task<RoundView> ShowAsync(Func<Action<RoundView>, Task<RoundView>> run)
    {
        if (!console.Profile.Capabilities.Interactive || !console.Profile.Capabilities.Ansi) return await run(Lines());
        return await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new RemainingColumn())
            .StartAsync(context => run(Bars(context)));
    }

    private Action<RoundView> Lines()
    {
        var last = RoundPhase.Unspecified;
        return view =>
        {
            if (view.Phase == last || view.State != RoundState.Running) return;
            last = view.Phase;
            // Who was asked has not said yet whether it takes part.
            console.WriteLine(view.Phase == RoundPhase.Propose ? $"  asked {view.Parties.Count} outposts" : $"  {Name(view.Phase)}: {view.Parties.Count(IsIn)} of {view.Parties.Count} outposts");
        };
    }

    private static Action<RoundView> Bars(ProgressContext context)
    {
        var tasks = Phases.Where(p => p.Phase != RoundPhase.Recover).ToDictionary(p => p.Phase, p => context.AddTask(p.Name, autoStart: false, maxValue: 1));
        return view =>
        {
            foreach (var (phase, task) in tasks)
            {
                task.MaxValue = Math.Max(1, view.Parties.Count(IsIn));
                var done = phase < view.Phase || view.State == RoundState.Done;
                task.Value = done ? task.MaxValue : view.Parties.Count(p => IsIn(p) && p.Marks.Any(m => m.Phase == phase));
                if (done) task.StopTask();
                else if (phase == view.Phase && !task.IsStarted) task.StartTask();
            }
        };
    }

    private static bool IsIn(RoundPartyView party) => party.State is PartyState.Invited or PartyState.Active or PartyState.Done;

    private sealed class RemainingColumn : ProgressColumn
    {
        public override Spectre.Console.Rendering.IRenderable Render(Spectre.Console.Rendering.RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.IsStarted || task.IsFinished ? $"{task.Value:0} of {task.MaxValue:0}" : "");
    }
}
