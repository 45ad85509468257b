using System.CommandLine;
using System.Globalization;

namespace SecureAggregation.Benchmarks;

/// <summary>A whole number on the command line, within its bounds or refused with a sentence.</summary>
internal static class NumberOption
{
    public static Option<int> Of(string name, int value, int lowest, int highest, string description)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            // What is no number at all is the parser's to say.
            if (result.Tokens.Count == 0 || !int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var given)) return;
            if (given < lowest || given > highest) result.AddError($"{name} is {given}; it must be from {lowest} to {highest}.");
        });
        return option;
    }
}
