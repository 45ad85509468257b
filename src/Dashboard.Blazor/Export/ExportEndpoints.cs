using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http.HttpResults;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components.Results;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Model.Results;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Export;

/// <summary>What can be taken away from a round: its numbers as CSV and JSON, a report of one file, and the bundle of its evidence.</summary>
internal static class ExportEndpoints
{
    private const string Id = "{id}";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = nameof(Permission.ReadResults);
        routes.MapGet(DeckUrls.Csv(Id), (string id, IConsortium consortium, DeckStore store, CancellationToken stop) =>
            SendAsync(id, consortium, store, numbers => Saved(ResultsFile.Of(numbers).Csv(), "text/csv; charset=utf-8; header=present", FileName(numbers.Round, "csv")), stop)).RequireAuthorization(read);
        routes.MapGet(DeckUrls.Json(Id), (string id, IConsortium consortium, DeckStore store, CancellationToken stop) =>
            SendAsync(id, consortium, store, numbers => Saved(ResultsFile.Of(numbers).Json(), "application/json", FileName(numbers.Round, "json")), stop)).RequireAuthorization(read);
        routes.MapGet(DeckUrls.Report(Id), (string id, HttpContext context, IConsortium consortium, DeckStore store, TimeProvider time, ILoggerFactory logs, CancellationToken stop) =>
            SendAsync(id, consortium, store, numbers => ReportAsync(numbers, store.Current.Consortium?.Name ?? "", context, time, logs), stop)).RequireAuthorization(read);
        routes.MapGet(DeckUrls.Bundle(Id), BundleAsync).RequireAuthorization(nameof(Permission.ExportEvidence));
    }

    /// <summary>Made of the id alone: no title that people chose becomes a path.</summary>
    public static string FileName(RoundView round, string extension) => $"round-{round.Id()}.{extension}";

    private static async Task<IResult> SendAsync(string id, IConsortium consortium, DeckStore store, Func<RoundNumbers, Task<IResult>> answer, CancellationToken stop)
    {
        try
        {
            var numbers = await RoundNumbers.FindAsync(id, consortium, store.Current, stop);
            return numbers.Round.State == RoundState.Done
                ? await answer(numbers)
                : Problem(StatusCodes.Status409Conflict, "No numbers to take away", numbers.Round.State == RoundState.Running ? "The round still runs; its total has not been opened." : "The round was aborted before its total was opened.", id);
        }
        catch (ConsortiumException e)
        {
            return Problem(e, id);
        }
    }

    private static async Task<IResult> ReportAsync(RoundNumbers numbers, string consortium, HttpContext context, TimeProvider time, ILoggerFactory logs)
    {
        await using var renderer = new HtmlRenderer(context.RequestServices, logs);
        var parameters = ParameterView.FromDictionary(new Dictionary<string, object?>
        {
            [nameof(ReportDocument.Numbers)] = numbers, [nameof(ReportDocument.At)] = time.GetUtcNow(), [nameof(ReportDocument.Consortium)] = consortium,
        });
        var html = await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<ReportDocument>(parameters)).ToHtmlString());
        // Shown, not saved: the page that one sees is the file that one keeps.
        context.Response.Headers.ContentDisposition = $"inline; filename=\"{FileName(numbers.Round, "html")}\"";
        return Microsoft.AspNetCore.Http.Results.Text(html, "text/html; charset=utf-8");
    }

    private static async Task<IResult> BundleAsync(string id, HttpContext context, IConsortium consortium, CancellationToken stop)
    {
        if (DeckUrls.ParseRoundId(id) is not { } bytes) return Problem(StatusCodes.Status404NotFound, "Not a round", "A round's id is 32 hexadecimal digits.", id);
        var response = context.Response;
        try
        {
            response.ContentType = "application/octet-stream";
            response.Headers.ContentDisposition = $"attachment; filename=\"round-{Convert.ToHexStringLower(bytes)}.secagg\"";
            // Piece by piece as it comes: masked vectors of many outposts never lie here as a whole.
            await consortium.ExportBundleAsync(bytes, response.Body, cancellation: stop);
            return Microsoft.AspNetCore.Http.Results.Empty;
        }
        catch (ConsortiumException e) when (!response.HasStarted)
        {
            response.Headers.ContentDisposition = default;
            return Problem(e, id);
        }
        catch (ConsortiumException)
        {
            // A file that ends early must not look whole to the browser.
            context.Abort();
            return Microsoft.AspNetCore.Http.Results.Empty;
        }
    }

    private static Task<IResult> Saved(byte[] content, string type, string name) => Task.FromResult(Microsoft.AspNetCore.Http.Results.File(content, type, name));

    private static RazorComponentResult<ExportProblem> Problem(ConsortiumException e, string id) => e is RoundNotFoundException
        ? Problem(StatusCodes.Status404NotFound, "No such round", e.Message, id)
        : Problem(StatusCodes.Status503ServiceUnavailable, "The station does not answer", e.Message, id);

    private static RazorComponentResult<ExportProblem> Problem(int status, string title, string detail, string id) => new(
        new Dictionary<string, object?> { [nameof(ExportProblem.Title)] = title, [nameof(ExportProblem.Detail)] = detail, [nameof(ExportProblem.RoundId)] = DeckUrls.ParseRoundId(id) is null ? null : id })
    { StatusCode = status };
}
