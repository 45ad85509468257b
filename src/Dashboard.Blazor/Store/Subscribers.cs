namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>Who wants to be told. Telling happens outside the lock: those told may read, subscribe or leave.</summary>
public sealed class Subscribers
{
    private readonly Lock _gate = new();
    private readonly List<Action> _actions = [];

    public int Count
    {
        get
        {
            lock (_gate) return _actions.Count;
        }
    }

    public IDisposable Add(Action action)
    {
        lock (_gate) _actions.Add(action);
        return new Subscription(this, action);
    }

    public void Tell()
    {
        Action[] told;
        lock (_gate) told = [.. _actions];
        foreach (var action in told) action();
    }

    private sealed class Subscription(Subscribers owner, Action action) : IDisposable
    {
        private bool _gone;

        public void Dispose()
        {
            lock (owner._gate)
            {
                if (!_gone) owner._actions.Remove(action);
                _gone = true;
            }
        }
    }
}
