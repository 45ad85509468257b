namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>The read model: one state for the whole program, replaced as a whole, with subscribers that are told that it changed.</summary>
public sealed class DeckStore
{
    private readonly Lock _gate = new();
    private DeckState _current = DeckState.Empty;

    public DeckState Current => Volatile.Read(ref _current);

    public Subscribers Changed { get; } = new();

    public void Update(Func<DeckState, DeckState> change)
    {
        lock (_gate)
        {
            var next = change(_current);
            if (ReferenceEquals(next, _current)) return;
            Volatile.Write(ref _current, next);
        }

        Changed.Tell();
    }
}
