using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Model.Results;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Export;

/// <summary>A released number in a file: unrounded, as the total gives it.</summary>
internal sealed record NumberLine
{
    public required string Name { get; init; }

    public string Measure { get; init; } = "";

    public string Kind { get; init; } = "";

    public string Column { get; init; } = "";

    public string Group { get; init; } = "";

    public string Bin { get; init; } = "";

    public string Quantity { get; init; } = "";

    public double? Value { get; init; }

    public double? Low { get; init; }

    public double? High { get; init; }

    public double Confidence { get; init; }

    public string Unit { get; init; } = "";

    public double Epsilon { get; init; }

    public int Contributors { get; init; }

    public double? BoundLow { get; init; }

    public double? BoundHigh { get; init; }

    public string Withheld { get; init; } = "";

    public string Method { get; init; } = "";

    public static NumberLine Of(ReleasedStatistic s) => new()
    {
        Name = s.Name, Measure = s.Measure, Kind = s.Kind == default ? "" : s.Kind.Word(), Column = s.Column, Group = s.Group, Bin = s.Bin, Quantity = s.Quantity, Value = s.Value, Low = s.Low,
        High = s.High, Confidence = s.Confidence, Unit = s.Unit, Epsilon = s.EpsilonMicro / 1e6, Contributors = s.Contributors, BoundLow = s.BoundLow, BoundHigh = s.BoundHigh, Withheld = s.Withheld,
        Method = s.Method,
    };
}

/// <summary>One check of the evidence, in a file; null where it was not reached.</summary>
internal sealed record StepLine(string Name, bool? Passed, string Detail);

/// <summary>
/// A round's numbers as a file, CSV or JSON. It holds nothing of the moment at which it is made, so that the same knowledge gives the same bytes
/// and a checksum means something.
/// </summary>
internal sealed record ResultsFile
{
    public const string FormatName = "secagg-results-1";

    public static JsonSerializerOptions Form { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public string Format { get; init; } = FormatName;

    public required string RoundId { get; init; }

    public string Title { get; init; } = "";

    public string Dataset { get; init; } = "";

    public string Coordinator { get; init; } = "";

    public double Epsilon { get; init; }

    public string Noise { get; init; } = "";

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Finished { get; init; }

    /// <summary>What the question asks, as a hash; equal for rounds that ask the same.</summary>
    public string Content { get; init; } = "";

    /// <summary>SHA-256 of the packed total.</summary>
    public string TotalHash { get; init; } = "";

    /// <summary>Outposts in the total.</summary>
    public IReadOnlyList<string> InTotal { get; init; } = [];

    /// <summary>Whether the deck that wrote this computed the numbers from the evidence; else they are the station's word.</summary>
    public bool Verified { get; init; }

    public IReadOnlyList<StepLine> Evidence { get; init; } = [];

    public IReadOnlyList<NumberLine> Numbers { get; init; } = [];

    public static ResultsFile Of(RoundNumbers numbers)
    {
        var round = numbers.Round;
        return new ResultsFile
        {
            RoundId = round.Id(), Title = round.Title, Dataset = round.Dataset, Coordinator = round.Coordinator, Epsilon = round.Epsilon(), Noise = Text.Noise(round.Noise),
            Started = Contract.TimeOrNull(round.StartedMs), Finished = Contract.TimeOrNull(round.FinishedMs), Content = Contract.Hex(round.Content), TotalHash = Contract.Hex(round.TotalHash),
            InTotal = [.. round.Parties.Except(round.Lost()).Select(p => p.Name)], Verified = numbers.Verified,
            Evidence = [.. (numbers.Check?.Report?.Steps ?? []).Select(s => new StepLine(s.Name, s.Passed, s.Detail))],
            Numbers = [.. numbers.Statistics.Select(NumberLine.Of)],
        };
    }

    public byte[] Json() => JsonSerializer.SerializeToUtf8Bytes(this, Form);

    /// <summary>RFC 4180, with a line a number and the round's own facts in each line, so that files of several rounds can be put together.</summary>
    public byte[] Csv()
    {
        var text = new StringBuilder();
        text.Append("round,title,dataset,finished,name,measure,kind,column,group,bin,quantity,value,low,high,confidence,unit,epsilon,contributors,bound_low,bound_high,withheld,method,verified,total_sha256\r\n");
        foreach (var n in Numbers)
        {
            text.AppendJoin(
                ',',
                RoundId, Cell(Title), Cell(Dataset), Finished?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), Cell(n.Name), Cell(n.Measure), Cell(n.Kind), Cell(n.Column), Cell(n.Group),
                Cell(n.Bin), Cell(n.Quantity), Cell(n.Value), Cell(n.Low), Cell(n.High), Cell(n.Confidence), Cell(n.Unit), Cell(n.Epsilon), n.Contributors.ToString(CultureInfo.InvariantCulture), Cell(n.BoundLow),
                Cell(n.BoundHigh), Cell(n.Withheld), Cell(n.Method), Verified ? "true" : "false", TotalHash).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Text in quotes where it needs them. What a spreadsheet would take for a formula begins with an apostrophe, which makes it text there.</summary>
    internal static string Cell(string text)
    {
        var first = text.AsSpan().TrimStart(' ');
        if (first.Length > 0 && first[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠') text = "'" + text;
        return text.AsSpan().IndexOfAny("\",\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    // The shortest digits that give the same number again.
    private static string Cell(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";
}
