using SecureAggregation.Party;
using SecureAggregation.Party.Catalogue;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Desk;
using SecureAggregation.Party.Storage;

try
{
    if (DatasetDeskOptions.Has(args))
    {
        DatasetDesk.Run(DatasetDeskOptions.Parse(args), TimeProvider.System, Console.Out);
        return ExitCodes.Success;
    }

    if (DeskOptions.Has(args))
    {
        var desk = DeskOptions.Parse(args);
        return Say(desk.Command == "ledger" ? LedgerDesk.Run(desk, TimeProvider.System) : ApprovalsDesk.Run(desk, TimeProvider.System));
    }

    var command = CommandLine.Parse(args);
    return command.Command switch
    {
        OutpostCommand.Help => Say(CommandLine.Help),
        OutpostCommand.Version => Say(Software.Text),
        OutpostCommand.Infer => Say(SchemaInference.Infer(command.DataFile)),
        OutpostCommand.Enrol => Enrolment.Run(command),
        OutpostCommand.Check => Say(OutpostHost.Check(command)),
        _ => await OutpostHost.RunAsync(command),
    };
}
catch (ConfigurationException e)
{
    return Fail(e.ExitCode, e.Message);
}
catch (DataSourceException e)
{
    return Fail(ExitCodes.Data, e.Message);
}
catch (StoreException e)
{
    return Fail(ExitCodes.State, e.Message);
}
catch (Exception e)
{
    // Type and place, not the message: a library's words might quote what it read.
    return Fail(ExitCodes.Internal, $"unexpected failure: {e.GetType().Name}{Environment.NewLine}{e.StackTrace}");
}

static int Say(string text)
{
    Console.Out.WriteLine(text);
    return ExitCodes.Success;
}

int Fail(int code, string message)
{
    Console.Error.WriteLine($"secagg-outpost: {message}");
    if (args.Contains("--json", StringComparer.Ordinal)) Console.Out.WriteLine(DeskText.Json(new { Error = message, exit_code = code }));
    return code;
}
