using System.CommandLine;
using System.CommandLine.Help;
using SecureAggregation.Cli.Commands;

namespace SecureAggregation.Cli;

/// <summary>The commands, and the one place where an exception becomes a sentence and an exit code.</summary>
internal static class CommandLine
{
    private const string Description = """
        Sums and statistics over several organisations' records, without anybody seeing a single organisation's numbers.

        Exit codes: 0 done and holds; 1 a check failed or a round was aborted; 2 wrong usage or unusable input; 3 cannot connect;
        4 the station refused; 5 this machine (a program does not start, port in use, disk full); 130 interrupted.
        """;

    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "One JSON document on standard output, nothing else there",
        Recursive = true,
    };

    public static async Task<ExitCode> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken stop)
    {
        // Not a RootCommand: that one shows the assembly's name as the program's.
        var root = new Command("secagg", Description)
        {
            new HelpOption(),
            Json,
            DemoCommand.Create(),
            KeygenCommand.Create(),
            RosterCommands.Create(),
            QueryCommands.Create(),
            ScheduleCommands.Create(),
            DatasetCommands.Create(),
            WatchCommand.Create(),
            VerifyCommand.Create(),
            LogCommands.Create(),
            DecodeCommand.Create(),
            DoctorCommand.Create(),
        };
        foreach (var command in EnrolCommands.Create().Concat(OutpostCommands.Create())) root.Add(command);
        foreach (var option in VersionOptions.Create()) root.Add(option);
        var parsed = root.Parse(args);
        var terminal = new Terminal(output, error, parsed.GetValue(Json));
        if (parsed.Errors.Count > 0)
        {
            var problems = string.Join(Environment.NewLine, parsed.Errors.Select(e => e.Message));
            return terminal.Fail(ExitCode.BadInput, $"{problems}{Environment.NewLine}see `secagg {string.Concat(Path(parsed.CommandResult.Command))}--help`");
        }

        s_terminal.Value = terminal;
        try
        {
            return (ExitCode)await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = output, Error = error },
                stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return terminal.Fail(ExitCode.Interrupted, "interrupted");
        }
        catch (Exception e) when (Failures.Explain(e) is { } failure)
        {
            return terminal.Fail(failure.Code, failure.Message);
        }
    }

    /// <summary>The terminal of this run.</summary>
    public static Terminal Terminal => s_terminal.Value!;

    /// <summary>Gives a command its action: the terminal of this run goes in, an exit code comes out.</summary>
    public static Command Does(this Command command, Func<Arguments, CancellationToken, Task<ExitCode>> action)
    {
        command.SetAction(async (parsed, stop) => (int)await action(new Arguments(parsed, Terminal), stop));
        return command;
    }

    private static readonly AsyncLocal<Terminal?> s_terminal = new();

    private static List<string> Path(Command command)
    {
        var names = new List<string>();
        for (Symbol? at = command; at is Command { Name: not "secagg" }; at = at.Parents.FirstOrDefault()) names.Insert(0, at.Name + " ");
        return names;
    }
}

/// <summary>What was typed, and where the answer goes.</summary>
internal sealed record Arguments(ParseResult Parsed, Terminal Terminal)
{
    public T Get<T>(Option<T> option) => Parsed.GetValue(option)!;

    public T? Find<T>(Option<T> option) => Parsed.GetValue(option);

    public T Get<T>(Argument<T> argument) => Parsed.GetRequiredValue(argument);
}
