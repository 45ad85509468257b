using System.Runtime.InteropServices;
using SecureAggregation.Cli;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return (int)await CommandLine.RunAsync(args, Console.Out, Console.Error, stop.Token);

void Stop(PosixSignalContext context)
{
    // A second Ctrl-C is not held back: it ends the process at once.
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
