using System.Globalization;
using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using SecureAggregation.Party.Config;

namespace SecureAggregation.Party.Data;

/// <summary>An object in S3, or in a store that speaks as S3 does. Credentials are found where Amazon's own tools find them.</summary>
internal sealed class S3File : IRemoteFile, IDisposable
{
    private readonly string _bucket;
    private readonly string _key;
    private readonly AmazonS3Client _client;

    /// <param name="options">Which object.</param>
    /// <param name="credentials">The key to sign with; null: environment, profile or the machine's role.</param>
    public S3File(S3Options options, AWSCredentials? credentials = null)
    {
        (_bucket, _key) = (options.Bucket, options.Key);
        var config = new AmazonS3Config { ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED };
        if (options.Endpoint.Length > 0)
        {
            // Other stores than Amazon's have no name server that makes hosts of buckets.
            (config.ServiceURL, config.ForcePathStyle) = (options.Endpoint, true);
            config.AuthenticationRegion = options.Region.Length > 0 ? options.Region : "us-east-1";
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        _client = credentials is null ? new AmazonS3Client(config) : new AmazonS3Client(credentials, config);
    }

    public string Name => $"s3://{_bucket}/{_key}";

    public async Task<RemoteBody> FetchAsync(long from, string? version, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = _bucket, Key = _key };
        if (version is not null) request.EtagToMatch = version;
        if (from > 0) request.ByteRange = new ByteRange(string.Create(CultureInfo.InvariantCulture, $"bytes={from}-"));
        try
        {
            var response = await _client.GetObjectAsync(request, cancellationToken);
            if (from > 0 && response.HttpStatusCode != HttpStatusCode.PartialContent)
                throw new DataSourceException($"'{Name}': the connection broke, and the store cannot send the rest alone; ask again.");
            return new RemoteBody(response.ResponseStream, from + response.ContentLength, response.ETag);
        }
        catch (AmazonS3Exception e)
        {
            throw new DataSourceException(e.StatusCode switch
            {
                HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => $"'{Name}': the store refuses it; check the credentials and what they allow (s3:GetObject).",
                HttpStatusCode.NotFound => $"'{Name}' is not there; check the dataset's S3:Bucket and S3:Key in the configuration.",
                HttpStatusCode.PreconditionFailed => $"'{Name}' changed while it was read; ask again.",
                HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect => $"'{Name}' lives in another region; correct the dataset's S3:Region.",
                var status => string.Create(CultureInfo.InvariantCulture, $"'{Name}': the store answers {(int)status}."),
            });
        }
        catch (AmazonClientException)
        {
            throw new DataSourceException($"'{Name}': no credentials, or no answer; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role, " +
                "and check the dataset's S3:Endpoint.");
        }
    }

    public void Dispose() => _client.Dispose();
}
