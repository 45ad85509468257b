using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.InteropServices;
using SecureAggregation.Crypto;

namespace SecureAggregation.Cli.Commands;

/// <summary>`secagg --version`, and with `--verbose` also what it runs on and which of the processor's instructions it computes with.</summary>
internal static class VersionOptions
{
    private static readonly Option<bool> s_version = new("--version") { Description = "The version; with --verbose also the runtime and what the processor is used for", Action = new Show() };
    private static readonly Option<bool> s_verbose = new("--verbose") { Description = "More, with --version" };

    public static IEnumerable<Option> Create() => [s_version, s_verbose];

    private sealed class Show : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var terminal = CommandLine.Terminal;
            var version = typeof(VersionOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            if (parseResult.GetValue(s_verbose))
                Verbose(terminal, version);
            else if (terminal.Json)
                terminal.WriteJson(new { Version = version });
            else
                terminal.WriteLine(version);
            return (int)ExitCode.Ok;
        }

        private static void Verbose(Terminal terminal, string version)
        {
            var runtime = $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, {Environment.ProcessorCount} cores";
            if (terminal.Json)
            {
                terminal.WriteJson(new
                {
                    Version = version, Runtime = runtime, Acceleration.Mask, RingAdd = Acceleration.RingAddition, Acceleration.Packing, Acceleration.CarryLessMultiply,
                });
                return;
            }

            terminal.WriteLine($"secagg {version}");
            terminal.WriteLine($"runtime: {runtime}");
            terminal.WriteLine($"mask: {Acceleration.Mask}, ring add: {Acceleration.RingAddition}, packing: {Acceleration.Packing}, carry-less multiply: {Acceleration.CarryLessMultiply}");
        }
    }
}
