using Microsoft.Playwright;

namespace SecureAggregation.Browser;

/// <summary>A slow network between page and deck.</summary>
internal static class LateFrames
{
    private const int LateMs = 150;

    /// <summary>What the server sends comes in its order, each a while after the one before: the page is always ahead of what the server knows.</summary>
    public static void Delay(IPage page) => _ = page.RouteWebSocketAsync(_ => true, socket =>
    {
        var server = socket.ConnectToServer();
        var last = Task.CompletedTask;
        server.OnMessage(frame =>
        {
            last = last.ContinueWith(_ => Task.Delay(LateMs), TaskScheduler.Default).Unwrap().ContinueWith(
                _ =>
                {
                    if (frame.Binary is { } bytes) socket.Send(bytes);
                    else socket.Send(frame.Text!);
                },
                TaskScheduler.Default);
        });
    });
}
