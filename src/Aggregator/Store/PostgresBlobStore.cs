using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace SecureAggregation.Aggregator.Store;

/// <summary>
/// Masked vectors in a PostgreSQL database, in pieces. The pieces go to disk when the server sees fit; the row that names a vector, written last, waits for
/// the disk, and with it everything before it: the server's log is flushed in order.
/// </summary>
internal sealed class PostgresBlobStore : IBlobStore
{
    /// <summary>Bytes of a piece, and what an upload takes of memory.</summary>
    public const int Piece = 64 * 1024;

    // Some sessions are left for those who read.
    private const int Writers = 16;

    private readonly PostgresDatabase _database;
    private readonly SemaphoreSlim _writers = new(Writers);

    /// <param name="database">Where they are.</param>
    /// <param name="readOnly">Only to read, also while a station writes: nothing is cut.</param>
    public PostgresBlobStore(PostgresDatabase database, bool readOnly = false)
    {
        _database = database;
        if (readOnly) return;
        Cut = database.Write((c, t) => c.QuerySingle<int>(
            """
            WITH gone AS (DELETE FROM vector_pieces p WHERE NOT EXISTS (SELECT FROM vectors v WHERE v.upload = p.upload) RETURNING upload)
            SELECT COUNT(DISTINCT upload)::integer FROM gone
            """,
            transaction: t));
    }

    public int Cut { get; }

    public IBlobWriter Create(byte[] roundId, uint party) => new Writer(this, roundId, party);

    public Stream Open(byte[] roundId, uint party)
    {
        var (upload, pieces) = _database.Use(c => c.QueryFirstOrDefault<(long? Upload, int Pieces)>(
            "SELECT upload, pieces FROM vectors WHERE round_id = @roundId AND party = @party", new { roundId, party = (long)party }));
        return upload is { } found ? new PieceStream(this, found, pieces) : throw new FileNotFoundException($"There is no vector of party {party} in the database {_database.Name}.");
    }

    public IReadOnlyList<byte[]> Rounds() => _database.Use(c => c.Query<byte[]>("SELECT DISTINCT round_id FROM vectors").AsList());

    public IReadOnlyList<uint> Parties(byte[] roundId) => _database.Use<IReadOnlyList<uint>>(c =>
        [.. c.Query<long>("SELECT party FROM vectors WHERE round_id = @roundId ORDER BY party", new { roundId }).Select(party => (uint)party)]);

    public long Bytes(byte[] roundId) => _database.Use(c => c.QuerySingle<long>(
        "SELECT COALESCE(SUM(bytes), 0)::bigint FROM vectors WHERE round_id = @roundId", new { roundId }));

    public void KeepOnly(byte[] roundId, IReadOnlySet<uint> parties)
    {
        var keep = parties.Select(party => (long)party).ToArray();
        _database.Use(c => c.Execute(
            """
            WITH gone AS (DELETE FROM vectors WHERE round_id = @roundId AND NOT party = ANY(@keep) RETURNING upload)
            DELETE FROM vector_pieces USING gone WHERE vector_pieces.upload = gone.upload
            """,
            new { roundId, keep }));
    }

    public void Delete(byte[] roundId) => KeepOnly(roundId, new HashSet<uint>());

    /// <summary>Returns when everything that is being committed is on disk.</summary>
    public void Dispose()
    {
        for (var i = 0; i < Writers; i++) _writers.Wait();
        _writers.Dispose();
    }

    private T Write<T>(Func<NpgsqlConnection, T> write)
    {
        _writers.Wait();
        try
        {
            return _database.Use(write);
        }
        finally
        {
            _writers.Release();
        }
    }

    private byte[]? Read(long upload, int piece) => _database.Use(c => c.QueryFirstOrDefault<byte[]>(
        "SELECT data FROM vector_pieces WHERE upload = @upload AND piece = @piece", new { upload, piece }));

    /// <summary>One vector on its way in. A piece that is written again after a lost connection is the same piece.</summary>
    private sealed class Writer(PostgresBlobStore store, byte[] roundId, uint party) : IBlobWriter
    {
        private byte[]? _buffer;
        private int _held;
        private int _pieces;
        private long _bytes;
        private long? _upload;
        private bool _committed;

        public void Append(ReadOnlySpan<byte> data)
        {
            while (!data.IsEmpty)
            {
                _buffer ??= new byte[Piece];
                var take = Math.Min(data.Length, Piece - _held);
                data[..take].CopyTo(_buffer.AsSpan(_held));
                _held += take;
                data = data[take..];
                if (_held == Piece) Send();
            }
        }

        public Stream Written()
        {
            Send();
            return new PieceStream(store, _upload ?? 0, _pieces);
        }

        public Task Commit()
        {
            _committed = true;
            return Task.Run(() =>
            {
                try
                {
                    Send();
                    Name();
                }
                catch
                {
                    Forget();
                    throw;
                }
            });
        }

        public void Dispose()
        {
            if (!_committed) Forget();
            _buffer = null;
        }

        private void Send()
        {
            if (_held == 0) return;
            _upload ??= store.Write(c => c.QuerySingle<long>("SELECT nextval('uploads')"));
            store.Write(c =>
            {
                // The setting is this transaction's alone, and is looked at when it commits.
                using var insert = new NpgsqlCommand(
                    """
                    WITH later AS (SELECT set_config('synchronous_commit', 'off', true))
                    INSERT INTO vector_pieces (upload, piece, data) SELECT $1, $2, $3 FROM later ON CONFLICT DO NOTHING
                    """,
                    c);
                insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _upload.Value });
                insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = _pieces });
                insert.Parameters.Add(new NpgsqlParameter { Value = new ReadOnlyMemory<byte>(_buffer, 0, _held), NpgsqlDbType = NpgsqlDbType.Bytea });
                return insert.ExecuteNonQuery();
            });
            _pieces++;
            _bytes += _held;
            _held = 0;
        }

        /// <summary>A vector of the same party that was there before gives way.</summary>
        private void Name()
        {
            _upload ??= store.Write(c => c.QuerySingle<long>("SELECT nextval('uploads')"));
            store.Write(c => c.Execute(
                """
                WITH now AS (SELECT set_config('synchronous_commit', 'on', true)),
                    gone AS (DELETE FROM vector_pieces p USING vectors v WHERE v.round_id = @roundId AND v.party = @party AND v.upload <> @upload AND p.upload = v.upload)
                INSERT INTO vectors (round_id, party, upload, pieces, bytes) SELECT @roundId, @party, @upload, @pieces, @bytes FROM now
                ON CONFLICT (round_id, party) DO UPDATE SET upload = @upload, pieces = @pieces, bytes = @bytes
                """,
                new { roundId, party = (long)party, upload = _upload, pieces = _pieces, bytes = _bytes }));
        }

        private void Forget()
        {
            if (_upload is not { } upload) return;
            try
            {
                store.Write(c => c.Execute("DELETE FROM vector_pieces WHERE upload = @upload", new { upload }));
            }
            catch (StoreException)
            {
                // It has no name; the next start cuts it.
            }
        }
    }

    /// <summary>A vector read piece by piece, each in a call of its own: a thousand that are open hold no sessions.</summary>
    private sealed class PieceStream(PostgresBlobStore store, long upload, int pieces) : Stream
    {
        private byte[] _piece = [];
        private int _used;
        private int _next;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            while (_used == _piece.Length)
            {
                if (_next == pieces) return 0;
                _piece = store.Read(upload, _next) ?? throw new IOException($"Piece {_next} of a vector in the database {store._database.Name} is missing.");
                _next++;
                _used = 0;
            }

            var take = Math.Min(buffer.Length, _piece.Length - _used);
            _piece.AsSpan(_used, take).CopyTo(buffer);
            _used += take;
            return take;
        }

        public override void Flush()
        {
            // There is nothing to flush: it is read only.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
