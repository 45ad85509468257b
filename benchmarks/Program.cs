using System.CommandLine;
using BenchmarkDotNet.Running;
using SecureAggregation.Benchmarks;

// Quick commands answer in seconds with figures of one run; everything else is BenchmarkDotNet's.
Command[] quick = [KernelFigures.Command(), RoundFigures.Command(), NetworkFigures.Command(), LoadFigures.Command(), SiegeFigures.Command(), RowFigures.Command(), HistoryFigures.Command()];

// The far ends of `network`'s bare upload and of `siege`: this program again, as a process of its own.
if (args is [UploadSink.Name, ..]) return await UploadSink.Run(args[1..]);
if (args is [SiegeSender.Name, ..]) return await SiegeSender.Run(args[1..]);

if (args.Length == 0)
{
    Console.WriteLine("Quick commands (each with --json and --help):");
    foreach (var command in quick) Console.WriteLine($"  {command.Name,-28}{command.Description}");
    Console.WriteLine();
    Console.WriteLine("Benchmark classes (--filter '*Name*', '*' for all; --job short for a quick look):");
    foreach (var type in typeof(Data).Assembly.GetExportedTypes().Where(t => t.Name.EndsWith("Benchmarks", StringComparison.Ordinal)).OrderBy(t => t.Name, StringComparer.Ordinal))
        Console.WriteLine($"  {type.Name}");
    return 0;
}

if (quick.Any(command => command.Name == args[0]))
{
    var root = new RootCommand("Figures of this machine");
    foreach (var command in quick) root.Add(command);
    return await root.Parse(args).InvokeAsync();
}

// In this process: a process for each benchmark would have to build the whole solution into one folder, where the stubs that station and clients
// generate from the same files meet. It is also what keeps a short run of all classes short.
BenchmarkSwitcher.FromAssembly(typeof(Data).Assembly).Run([.. args, "--inProcess"]);
return 0;
