using System.Text.Json.Serialization;
using Grpc.Core;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Store;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>An error as RFC 9457 has it, with a word that programs may rely on.</summary>
/// <param name="Type">urn:secagg:problem: and the code.</param>
/// <param name="Title">What the code means.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">A word that does not change; docs/rest.md lists them.</param>
/// <param name="Detail">What is wrong here, and what to do.</param>
internal sealed record Problem(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("title")] string Title,
    [property: JsonPropertyName("status")] int Status,
    [property: JsonPropertyName("code")] string Code,
    [property: JsonPropertyName("detail")] string Detail);

/// <summary>Every code, its status and what it means: docs/rest.md has the same table.</summary>
internal static class Problems
{
    public static IReadOnlyDictionary<string, (int Status, string Title)> All { get; } = new Dictionary<string, (int, string)>(StringComparer.Ordinal)
    {
        ["body-invalid"] = (400, "The body is not what this address takes"),
        ["parameter-invalid"] = (400, "A parameter is out of its range"),
        ["query-invalid"] = (400, "The signed query breaks a rule"),
        ["account-invalid"] = (400, "An account or key cannot be made or changed so"),
        ["token-missing"] = (401, "No token came with the request"),
        ["token-expired"] = (401, "The token has expired"),
        ["token-invalid"] = (401, "The token is not one for this station, or not one any more"),
        ["sign-in-refused"] = (401, "Name and password, or the refresh token, do not fit"),
        ["not-permitted"] = (403, "The account or key may not do this"),
        ["study-not-permitted"] = (403, "The account or key may not do this for that study"),
        ["signature-refused"] = (403, "The query is not signed by a coordinator of the roster"),
        ["not-found"] = (404, "There is nothing at this address"),
        ["method-not-allowed"] = (405, "The address does not take this method"),
        ["job-not-found"] = (404, "There is no such job"),
        ["catalog-not-found"] = (404, "No outpost offers such a dataset"),
        ["account-not-found"] = (404, "There is no such account"),
        ["key-not-found"] = (404, "There is no such key"),
        ["query-running"] = (409, "The query is being answered already"),
        ["query-refused"] = (409, "The query cannot be asked now"),
        ["job-running"] = (409, "The job has not ended"),
        ["job-aborted"] = (409, "The job ended without a total"),
        ["job-ended"] = (409, "The job has ended"),
        ["body-too-large"] = (413, "The body is larger than this station takes"),
        ["media-type"] = (415, "The body must be application/json"),
        ["idempotency-key-reused"] = (422, "The Idempotency-Key came with another request before"),
        ["too-many-requests"] = (429, "Too many requests; wait as long as Retry-After says"),
        ["too-many-rounds"] = (429, "As many rounds or plans run as this station runs at a time"),
        ["sign-in-wait"] = (429, "Too many failed sign-ins of this name; wait as long as Retry-After says"),
        ["internal"] = (500, "The station failed"),
        ["transcript-unavailable"] = (503, "The station cannot write or read its transcript"),
    };

    public static Problem Of(string code, string detail) => new($"urn:secagg:problem:{code}", All[code].Title, All[code].Status, code, detail);

    /// <summary>Answers with a problem; nothing was sent yet.</summary>
    public static Task WriteAsync(HttpContext context, string code, string detail)
    {
        context.Response.StatusCode = All[code].Status;
        context.Features.Set(new RefusedWith(code));
        return context.Response.WriteAsJsonAsync(Of(code, detail), options: null, contentType: "application/problem+json", context.RequestAborted);
    }

    /// <summary>The problem that an exception of the station stands for; null for one that should not be.</summary>
    public static (string Code, string Detail)? From(Exception e) => e switch
    {
        RestException rest => (rest.Code, rest.Message),
        RpcException { StatusCode: StatusCode.InvalidArgument } rpc => ("query-invalid", rpc.Status.Detail),
        RpcException { StatusCode: StatusCode.PermissionDenied } rpc => ("signature-refused", rpc.Status.Detail),
        RpcException { StatusCode: StatusCode.AlreadyExists } rpc => ("query-running", rpc.Status.Detail),
        RpcException { StatusCode: StatusCode.FailedPrecondition } rpc => ("query-refused", rpc.Status.Detail),
        RpcException { StatusCode: StatusCode.ResourceExhausted } rpc => ("too-many-rounds", rpc.Status.Detail),
        RpcException { StatusCode: StatusCode.Unavailable } rpc => ("transcript-unavailable", rpc.Status.Detail),
        RpcException { StatusCode: StatusCode.NotFound } rpc => ("job-not-found", rpc.Status.Detail),
        StoreException store => ("transcript-unavailable", store.Message),
        AccountException account => ("account-invalid", Sentence(account.Message)),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => ("body-too-large", $"A body has at most {RestHost.LargestBody} bytes."),
        BadHttpRequestException { StatusCode: StatusCodes.Status415UnsupportedMediaType } => ("media-type", "Send JSON, with Content-Type: application/json."),
        BadHttpRequestException bad => (bad.Message.Contains("parameter", StringComparison.Ordinal) && bad.InnerException is null ? "parameter-invalid" : "body-invalid", $"{bad.Message} {(bad.InnerException as System.Text.Json.JsonException)?.Message}".TrimEnd()),
        _ => null,
    };

    private static string Sentence(string words) => words.Length == 0 ? words : char.ToUpperInvariant(words[0]) + words[1..] + (words[^1] == '.' ? "" : ".");
}

/// <summary>The code with which a request was refused, for the log.</summary>
internal sealed record RefusedWith(string Code);

/// <summary>A request that cannot be answered as asked.</summary>
internal sealed class RestException(string code, string detail) : Exception(detail)
{
    public string Code { get; } = code;
}
