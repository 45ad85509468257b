using BenchmarkDotNet.Running;
using SecureAggregation.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(MaskStreamBenchmarks).Assembly).Run(args);
