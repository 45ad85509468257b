using Microsoft.Playwright;

namespace SecureAggregation.Browser;

/// <summary>Somebody without a mouse.</summary>
internal static class Keys
{
    /// <summary>Presses Tab until what has the focus is named so.</summary>
    public static async Task TabToAsync(this IPage page, string name)
    {
        for (var i = 0; i < 120; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            var at = await page.EvaluateAsync<string>("() => { const e = document.activeElement; return (e.getAttribute('aria-label') || (e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText) || '').trim(); }");
            if (at.StartsWith(name, StringComparison.Ordinal)) return;
        }

        Assert.Fail($"Tab does not reach “{name}”.");
    }
}
