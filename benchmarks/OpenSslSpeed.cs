using System.Diagnostics;
using System.Globalization;

namespace SecureAggregation.Benchmarks;

/// <summary>`openssl speed` of AES-128-CTR over 16 KiB, the measure that figures of the mask kernel are compared with.</summary>
internal static class OpenSslSpeed
{
    /// <summary>GB a second of so many processes together, measured for a second.</summary>
    public static double Measure(int processes)
    {
        string[] multi = processes == 1 ? [] : ["-multi", processes.ToString(CultureInfo.InvariantCulture)];
        var start = new ProcessStartInfo("openssl", ["speed", .. multi, "-evp", "aes-128-ctr", "-bytes", "16384", "-seconds", "1"])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var openssl = Process.Start(start)!;
        openssl.ErrorDataReceived += (_, _) => { };
        openssl.BeginErrorReadLine();
        var table = openssl.StandardOutput.ReadToEnd();
        openssl.WaitForExit();

        // "AES-128-CTR   11840053.25k": thousands of bytes a second.
        var figure = table.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1];
        return double.Parse(figure.TrimEnd('k'), CultureInfo.InvariantCulture) / 1e6;
    }
}
