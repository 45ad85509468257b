using System.Globalization;
using System.Net.Http;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SecureAggregation.Accounts;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>The OpenAPI 3.1 document: what the routes say of themselves, with the errors and the permissions that they name.</summary>
internal static class OpenApiText
{
    private const string Scheme = "bearer";
    private const string ProblemType = "application/problem+json";

    private static readonly string[] s_everywhere = ["too-many-requests", "internal"];

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "SecureAggregation station", Version = "v1", Description = "Totals over the data of several organisations, without their data. docs/rest.md has a session, and every error code." };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
            {
                [Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Scheme, Description = "An API key (sak_…), an access token of POST /api/v1/auth/token, or one of the OpenID Connect provider." },
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, stop) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            List<string> codes = [.. s_everywhere, .. metadata.OfType<FailsWith>().LastOrDefault()?.Codes ?? []];
            if (operation.RequestBody is not null) codes.AddRange(["body-invalid", "body-too-large", "media-type"]);
            if (metadata.OfType<Needed>().LastOrDefault() is { } needed)
            {
                codes.AddRange(["token-missing", "token-expired", "token-invalid", "not-permitted"]);
                operation.Description = $"Takes the permission `{needed.Permission.Word()}`.";
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
            }

            if (operation.OperationId == "submit")
            {
                operation.Parameters ??= [];
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = "Idempotency-Key", In = ParameterLocation.Header, Description = "The same key with the same query gets the same job, for as long as there is a log.", Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = IdempotencyKeys.Longest },
                });
            }

            context.Document!.AddComponent(nameof(Problem), await context.GetOrCreateSchemaAsync(typeof(Problem), null, stop));
            var problem = new OpenApiSchemaReference(nameof(Problem), context.Document);
            operation.Responses ??= [];
            foreach (var group in codes.Distinct(StringComparer.Ordinal).GroupBy(code => Problems.All[code].Status).OrderBy(g => g.Key))
            {
                var status = group.Key.ToString(CultureInfo.InvariantCulture);
                if (operation.Responses.ContainsKey(status)) continue;
                operation.Responses[status] = new OpenApiResponse
                {
                    Description = string.Join(", ", group),
                    Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [ProblemType] = new OpenApiMediaType { Schema = problem } },
                };
            }
        });
    }
}
