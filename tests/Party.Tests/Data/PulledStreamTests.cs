using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Tests.Data;

public sealed class PulledStreamTests
{
    // The S3 library's streams hold a checksum against what was read when they are closed, also where only the header was wanted.
    [Fact]
    public void Stream_that_complains_when_it_is_closed_early_is_closed_early_in_silence_and_at_its_end_with_its_complaint()
    {
        Pulled().Dispose();
        var whole = Pulled();
        Assert.Equal(300_000, Drain(whole));
        Assert.Throws<InvalidDataException>(whole.Dispose);
    }

    private static PulledStream Pulled() => new(
        new Complaining(new byte[300_000]), TimeSpan.FromMinutes(1), e => new DataSourceException(e.Message), CancellationToken.None);

    private static int Drain(Stream stream)
    {
        var buffer = new byte[4096];
        var all = 0;
        while (stream.Read(buffer) is > 0 and var read) all += read;
        return all;
    }

    private sealed class Complaining(byte[] bytes) : MemoryStream(bytes)
    {
        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            throw new InvalidDataException("Expected hash not equal to calculated hash");
        }
    }
}
