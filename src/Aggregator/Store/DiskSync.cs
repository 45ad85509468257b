using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SecureAggregation.Aggregator.Store;

/// <summary>What storage needs of the system and .NET offers no call for.</summary>
internal static partial class DiskSync
{
    private const uint StartWriting = 2;

    /// <summary>
    /// Flushes a folder: on Unix a new or renamed file survives a power cut only when its folder is flushed too. Elsewhere the file system's journal sees to it.
    /// </summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var handle = Open(folder, 0);
        if (handle < 0) throw new IOException($"The folder {folder} cannot be opened to flush it (error {Marshal.GetLastPInvokeError()}).");
        try
        {
            if (Sync(handle) != 0) throw new IOException($"The folder {folder} cannot be flushed (error {Marshal.GetLastPInvokeError()}).");
        }
        finally
        {
            _ = Close(handle);
        }
    }

    /// <summary>
    /// Has the system begin to write a part of a file, without waiting for it: what is on disk when the file is flushed need not be waited for then. A hint,
    /// which only Linux takes.
    /// </summary>
    public static void Start(SafeFileHandle file, long offset, long count)
    {
        if (OperatingSystem.IsLinux()) _ = SyncFileRange(file, offset, count, StartWriting);
    }

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long count, uint flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int handle);
}
