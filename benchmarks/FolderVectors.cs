using SecureAggregation.Protocol;

namespace SecureAggregation.Benchmarks;

/// <summary>Masked vectors as files of a temporary folder, as a station keeps them.</summary>
internal sealed class FolderVectors : IMaskedVectors, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("secagg-benchmark-");

    public Stream Open(uint party) => File.OpenRead(Path(party));

    public void Write(uint party, ReadOnlySpan<byte> packed) => File.WriteAllBytes(Path(party), packed);

    public void Dispose() => _folder.Delete(recursive: true);

    private string Path(uint party) => System.IO.Path.Combine(_folder.FullName, $"{party}");
}
