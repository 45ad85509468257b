using System.Collections;
using System.Text;

namespace Grpc.Core;

/// <summary>Headers or trailers of a call, in order; a key may occur more than once. Keys ending in "-bin" carry bytes.</summary>
public sealed class Metadata : IList<Metadata.Entry>
{
    /// <summary>The end of a key whose value is bytes.</summary>
    public const string BinaryHeaderSuffix = "-bin";

    /// <summary>No entries; cannot be changed.</summary>
    public static readonly Metadata Empty = new(readOnly: true);

    private readonly List<Entry> _entries = [];

    /// <summary>An empty collection.</summary>
    public Metadata()
        : this(readOnly: false)
    {
    }

    private Metadata(bool readOnly) => IsReadOnly = readOnly;

    /// <inheritdoc />
    public int Count => _entries.Count;

    /// <inheritdoc />
    public bool IsReadOnly { get; }

    /// <inheritdoc />
    public Entry this[int index]
    {
        get => _entries[index];
        set => Writable()[index] = NotNull(value);
    }

    /// <summary>The last entry with this key, or null.</summary>
    public Entry? Get(string key) => _entries.FindLast(e => e.Is(key));

    /// <summary>The text of the last entry with this key, or null.</summary>
    public string? GetValue(string key) => Get(key)?.Value;

    /// <summary>The bytes of the last entry with this key, or null.</summary>
    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;

    /// <summary>Every entry with this key, in order.</summary>
    public IEnumerable<Entry> GetAll(string key) => _entries.Where(e => e.Is(key));

    /// <inheritdoc />
    public void Add(Entry item) => Writable().Add(NotNull(item));

    /// <summary>Adds a text entry.</summary>
    public void Add(string key, string value) => Add(new Entry(key, value));

    /// <summary>Adds an entry of bytes; the key ends in "-bin".</summary>
    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    /// <inheritdoc />
    public void Insert(int index, Entry item) => Writable().Insert(index, NotNull(item));

    /// <inheritdoc />
    public void RemoveAt(int index) => Writable().RemoveAt(index);

    /// <inheritdoc />
    public bool Remove(Entry item) => Writable().Remove(item);

    /// <inheritdoc />
    public void Clear() => Writable().Clear();

    /// <inheritdoc />
    public bool Contains(Entry item) => _entries.Contains(item);

    /// <inheritdoc />
    public int IndexOf(Entry item) => _entries.IndexOf(item);

    /// <inheritdoc />
    public void CopyTo(Entry[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

    /// <inheritdoc />
    public IEnumerator<Entry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Entry NotNull(Entry item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return item;
    }

    private List<Entry> Writable() =>
        IsReadOnly ? throw new InvalidOperationException("This metadata is read-only; make a new Metadata().") : _entries;

    /// <summary>One key with text or bytes.</summary>
    public sealed class Entry
    {
        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>A text entry.</summary>
        /// <exception cref="ArgumentException">The key is no header name or ends in "-bin", or the text is not printable ASCII.</exception>
        public Entry(string key, string value)
        {
            ArgumentNullException.ThrowIfNull(value);
            Key = Normalise(key);
            if (IsBinary) throw new ArgumentException($"Metadata '{Key}' ends in -bin, so its value is bytes, not text.", nameof(value));
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                throw new ArgumentException(
                    $"The value of metadata '{Key}' is not printable ASCII; send it as bytes under '{Key}-bin'.", nameof(value));
            }

            _text = value;
        }

        /// <summary>An entry of bytes.</summary>
        /// <exception cref="ArgumentException">The key is no header name or does not end in "-bin".</exception>
        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = Normalise(key);
            if (!IsBinary) throw new ArgumentException($"Metadata '{Key}' carries bytes, so its key must end in -bin.", nameof(key));
            _bytes = [.. valueBytes];
        }

        /// <summary>The key, in lower case.</summary>
        public string Key { get; }

        /// <summary>Whether the key ends in "-bin".</summary>
        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        /// <summary>The text.</summary>
        /// <exception cref="InvalidOperationException">The entry carries bytes.</exception>
        public string Value => _text ?? throw new InvalidOperationException($"Metadata '{Key}' carries bytes: use ValueBytes.");

        /// <summary>The bytes; of a text entry its ASCII.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_text!) : [.. _bytes];

        /// <inheritdoc />
        public override string ToString() =>
            _bytes is null ? $"[Entry: key={Key}, value={_text}]" : $"[Entry: key={Key}, {_bytes.Length} bytes]";

        internal bool Is(string key) => Key.Equals(key, StringComparison.OrdinalIgnoreCase);

        private static string Normalise(string key)
        {
            ArgumentException.ThrowIfNullOrEmpty(key);
            var lower = key.ToLowerInvariant();
            return lower.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.')
                ? lower
                : throw new ArgumentException($"Metadata key '{key}' may only hold letters, digits, '-', '_' and '.'.", nameof(key));
        }
    }
}
