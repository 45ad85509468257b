using System.Globalization;
using System.Text.RegularExpressions;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>WCAG 2.2 contrast of the theme's own values, over glass on the worst pixel that may lie behind it.</summary>
public sealed partial class ContrastTests
{
    public static TheoryData<string, string, string, double> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string, string, double>();
            foreach (var theme in new[] { "dark", "light", "paper" })
            {
                foreach (var ground in new[] { "glass", "glass-2", "hull" })
                {
                    foreach (var text in new[] { "text", "muted", "signal", "good", "warn", "bad", "violet" }) pairs.Add(theme, text, ground, 4.5);
                }

                pairs.Add(theme, "on-signal", "signal", 4.5);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Text_on_its_ground_has_contrast(string theme, string text, string ground, double least)
    {
        var tokens = Tokens(theme);
        var worst = new[] { "void", "nebula", "hull" }
            .Select(behind => Ratio(Over(tokens[text], Over(tokens[ground], tokens[behind])), Over(tokens[ground], tokens[behind]))).Min();
        Assert.True(worst >= least, $"{theme}: {text} on {ground} has {worst:0.00} : 1 at worst; it needs {least} : 1");
    }

    [Fact]
    public void Both_themes_define_the_same_names() =>
        Assert.Empty(Tokens("dark").Keys.Except(Tokens("light").Keys));

    [Fact]
    public void Paper_says_only_what_it_has_other_than_the_day_side()
    {
        var (light, paper) = (Tokens("light"), Block("@media print"));
        Assert.NotEmpty(paper);
        Assert.DoesNotContain(paper, token => light[token.Key] == token.Value);
    }

    private static Dictionary<string, Colour> Tokens(string theme)
    {
        if (theme == "dark") return Block(":root:not([data-theme=\"light\"])");
        var light = Block(":root {");
        if (theme == "paper") foreach (var (name, value) in Block("@media print")) light[name] = value;
        return light;
    }

    private static Dictionary<string, Colour> Block(string head)
    {
        var sheet = EmbeddedAssets.Text("deck.css");
        var block = sheet[sheet.IndexOf(head, StringComparison.Ordinal)..];
        block = block[..block.IndexOf('}', StringComparison.Ordinal)];
        return Token().Matches(block).ToDictionary(m => m.Groups[1].Value, m => Read(m.Groups[2].Value));
    }

    private static Colour Read(string text)
    {
        if (text[0] == '#') return new(Hex(text, 1), Hex(text, 3), Hex(text, 5), 1);
        var parts = Number().Matches(text).Select(m => double.Parse(m.Value, CultureInfo.InvariantCulture)).ToArray();
        return new(parts[0] / 255, parts[1] / 255, parts[2] / 255, parts[3]);
    }

    private static double Hex(string text, int at) => Convert.ToInt32(text.Substring(at, 2), 16) / 255.0;

    private static Colour Over(Colour top, Colour bottom) =>
        new((top.R * top.A) + (bottom.R * (1 - top.A)), (top.G * top.A) + (bottom.G * (1 - top.A)), (top.B * top.A) + (bottom.B * (1 - top.A)), 1);

    private static double Ratio(Colour a, Colour b)
    {
        var (x, y) = (Luminance(a), Luminance(b));
        return (Math.Max(x, y) + 0.05) / (Math.Min(x, y) + 0.05);
    }

    private static double Luminance(Colour c) => (0.2126 * Linear(c.R)) + (0.7152 * Linear(c.G)) + (0.0722 * Linear(c.B));

    private static double Linear(double v) => v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4);

    [GeneratedRegex(@"--deck-([a-z0-9-]+):\s*(#[0-9a-f]{6}|rgba\([^)]*\));")]
    private static partial Regex Token();

    [GeneratedRegex(@"\d*\.?\d+")]
    private static partial Regex Number();

    private sealed record Colour(double R, double G, double B, double A);
}
