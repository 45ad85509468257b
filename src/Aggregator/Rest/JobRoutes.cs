using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Services;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>A job is a round for a signed query: the station has no coordinator's key and signs for nobody.</summary>
internal static class JobRoutes
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 500;

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/jobs").WithTags("jobs");
        group.MapPost("", Submit).WithName("submit").WithSummary("Asks a signed query. With an Idempotency-Key the same request again gets the same job.").Produces<JobView>(202).Needs(Permission.AskQuestions)
            .Fails("query-invalid", "signature-refused", "study-not-permitted", "query-running", "query-refused", "too-many-rounds", "idempotency-key-reused", "transcript-unavailable");
        group.MapPost("/plan", Plan).WithName("plan").WithSummary("What each outpost would say to a query that is signed with no attempts; nothing is spent.").Needs(Permission.PlanQueries)
            .Fails("query-invalid", "study-not-permitted", "too-many-rounds");
        group.MapGet("", List).WithName("jobs").WithSummary("Jobs that match, newest first.").Needs(Permission.ReadResults).Fails("parameter-invalid");
        group.MapGet("/{id}", (string id, HttpContext context, RoundBook rounds) => JobView.Of(View(id, context, rounds))).WithName("job").WithSummary("One job.").Needs(Permission.ReadResults).Fails("job-not-found", "study-not-permitted");
        group.MapPost("/{id}/cancel", Cancel).WithName("cancel").WithSummary("Stops a running job; the log says who did.").Needs(Permission.StopRounds).Fails("job-not-found", "job-ended", "study-not-permitted", "transcript-unavailable");
        group.MapGet("/{id}/result", Result).WithName("result").WithSummary("The statistics of a job that has ended with a total.").Needs(Permission.ReadResults).Fails("job-not-found", "job-running", "job-aborted", "study-not-permitted");
        group.MapGet("/{id}/transcript", Transcript).WithName("transcript")
            .WithSummary("The job's evidence as a bundle, for `secagg verify` and tools/verify.py; with the masked vectors, which a whole verification needs, if the caller may export evidence.")
            .Produces(200, contentType: "application/octet-stream").Needs(Permission.ReadTranscript).Fails("job-not-found", "job-running", "study-not-permitted");
    }

    private static async Task<IResult> Submit(HttpContext context, JobRequest request, RoundBook rounds, IdempotencyKeys keys)
    {
        var caller = RestCaller.Of(context.User);
        var (signed, query) = Read(request, caller);
        if (request.DeadlineMs is < 1 or > 600_000) throw new RestException("parameter-invalid", $"deadline_ms is {request.DeadlineMs}; it is from 1 to 600000, or absent for the station's own.");
        var deadline = request.DeadlineMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : (TimeSpan?)null;
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length > IdempotencyKeys.Longest) throw new RestException("parameter-invalid", $"Idempotency-Key has {key.Length} characters; at most {IdempotencyKeys.Longest}.");
        byte[] job;
        if (key.Length == 0)
        {
            job = await rounds.Submit(signed, deadline);
        }
        else if (!await rounds.Submit(job = keys.RoundOf(caller.Name, key), signed, deadline))
        {
            if (!rounds.Asks(job, query)) throw new RestException("idempotency-key-reused", "This Idempotency-Key came with another query before; take a new one for each request.");
            context.Response.Headers["Idempotency-Replayed"] = "true";
        }

        return Results.Accepted($"/api/v1/jobs/{Convert.ToHexStringLower(job)}", JobView.Of(rounds.View(job)));
    }

    private static async Task<PlanView> Plan(HttpContext context, JobRequest request, PlanDesk plans, RoundBook rounds)
    {
        if (request.DeadlineMs is not null) throw new RestException("parameter-invalid", "A plan has no deadline_ms; leave it out.");
        var reply = await plans.Ask(Read(request, RestCaller.Of(context.User)).Signed, context.RequestAborted);
        return new PlanView([.. reply.Outposts.Select(PlanNode.Of)], rounds.TypicalMs());
    }

    private static JobsView List(HttpContext context, RoundBook rounds, int? limit, int? offset, string? state, string? find, DateTimeOffset? since, DateTimeOffset? until)
    {
        var (most, skip) = (limit ?? DefaultLimit, offset ?? 0);
        if (most is < 1 or > MaxLimit) throw new RestException("parameter-invalid", $"limit is {most}; it is from 1 to {MaxLimit}.");
        if (skip < 0) throw new RestException("parameter-invalid", $"offset is {skip}; it is 0 or more.");
        var request = new ListRoundsRequest { Find = find ?? "", State = State(state), SinceMs = Milliseconds(since, "since"), UntilMs = Milliseconds(until, "until") };
        var (search, broken) = RoundSearch.Of(request, RestCaller.Of(context.User).Studies);
        if (search is null) throw new RestException("parameter-invalid", broken);
        var (views, total) = rounds.List(search, skip, most, brief: true);
        return new JobsView([.. views.Select(JobView.Of)], total, skip, most);
    }

    private static async Task<JobView> Cancel(string id, HttpContext context, RoundBook rounds, RoundStop stops)
    {
        var view = View(id, context, rounds);
        if (view.State != RoundState.Running) throw new RestException("job-ended", $"Job {id} has ended ({Values.Word(view.State)}); only a running one can be stopped.");
        await stops.StopAsync(view.RoundId.Memory, RestCaller.Of(context.User).Name, context.RequestAborted);
        return JobView.Of(rounds.View(view.RoundId.Memory));
    }

    private static ResultView Result(string id, HttpContext context, RoundBook rounds)
    {
        var view = Ended(id, context, rounds);
        return view.State == RoundState.Done ? ResultView.Of(view) : throw new RestException("job-aborted", view.Failure.Length > 0 ? view.Failure : "The round was aborted.");
    }

    private static Task Transcript(string id, ulong? head, bool? vectors, HttpContext context, RoundBook rounds, BundleExport bundles)
    {
        var may = context.User.HasClaim(RestCaller.MayClaim, Permission.ExportEvidence.Word());
        if (vectors == true && !may) throw new RestException("not-permitted", "Masked vectors are for those who may export evidence; ask with vectors=false.");
        return Export(Ended(id, context, rounds), head ?? 0, vectors ?? may, context, bundles);
    }

    private static async Task Export(RoundView view, ulong head, bool vectors, HttpContext context, BundleExport bundles)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{Convert.ToHexStringLower(view.RoundId.Span)}.bundle\"";
        // Written on a thread of its own, which waits while the caller does not keep up.
        var pipe = new Pipe();
        var stop = context.RequestAborted;
        var writing = Task.Run(
            async () =>
            {
                try
                {
                    await using (var stream = pipe.Writer.AsStream(leaveOpen: true))
                    await using (var buffered = new BufferedStream(stream, Limits.Chunk)) bundles.Write(view, head, vectors, buffered);
                    await pipe.Writer.CompleteAsync();
                }
                catch (Exception e)
                {
                    await pipe.Writer.CompleteAsync(e);
                }
            },
            stop);
        try
        {
            await pipe.Reader.CopyToAsync(context.Response.Body, stop);
        }
        catch (Exception) when (context.Response.HasStarted)
        {
            // The caller must see that the file is not whole.
            context.Abort();
        }
        finally
        {
            await pipe.Reader.CompleteAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static (SignedQuery Signed, Query Query) Read(JobRequest request, RestCaller caller)
    {
        var signed = new SignedQuery { Body = Bytes(request.Query, "query", Limits.Query), Signature = Bytes(request.Signature, "signature", 64) };
        try
        {
            var query = Canonical.Decode(Query.Parser, signed.Body.Span, Limits.Query);
            caller.Require(query.Study);
            return (signed, query);
        }
        catch (WireException e)
        {
            throw new RestException("query-invalid", $"query must be the base64 of SignedQuery.body, as a coordinator signed it. {e.Message}");
        }
    }

    private static ByteString Bytes(string text, string name, int most)
    {
        if (text.Length > (most + 2) / 3 * 4) throw new RestException("query-invalid", $"{name} is longer than the {most} bytes that it may have, as base64.");
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? ByteString.CopyFrom(bytes, 0, length) : throw new RestException("body-invalid", $"{name} is not base64.");
    }

    private static RoundView View(string id, HttpContext context, RoundBook rounds)
    {
        var bytes = new byte[16];
        if (id.Length != 32 || !id.All(char.IsAsciiHexDigit)) throw new RestException("job-not-found", $"\"{(id.Length > 40 ? id[..40] + "…" : id)}\" is no job: a job's id has 32 hexadecimal digits.");
        Convert.FromHexString(id, bytes, out _, out _);
        var view = rounds.View(bytes);
        RestCaller.Of(context.User).Require(view.Study);
        return view;
    }

    private static RoundView Ended(string id, HttpContext context, RoundBook rounds)
    {
        var view = View(id, context, rounds);
        return view.State != RoundState.Running ? view : throw new RestException("job-running", $"Job {id} is in phase {Values.Word(view.Phase)}; ask again when it has ended, or watch /api/v1/events.");
    }

    private static RoundState State(string? word) => word switch
    {
        null or "" => RoundState.Unspecified,
        "running" => RoundState.Running,
        "done" => RoundState.Done,
        "aborted" => RoundState.Aborted,
        _ => throw new RestException("parameter-invalid", "state is running, done or aborted."),
    };

    private static ulong Milliseconds(DateTimeOffset? time, string name) => time switch
    {
        null => 0,
        { } t when t >= DateTimeOffset.UnixEpoch => (ulong)t.ToUnixTimeMilliseconds(),
        _ => throw new RestException("parameter-invalid", $"{name} is before 1970."),
    };
}
