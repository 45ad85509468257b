namespace SecureAggregation.Fuzz.Engine;

/// <summary>One decoder, and what it may make of any bytes.</summary>
/// <param name="Name">Its name in README.md.</param>
/// <param name="Inputs">Inputs in a default run.</param>
/// <param name="Seeds">Inputs that are accepted; mutation begins with them and with the recorded corpus.</param>
/// <param name="Open">
/// Makes a decoder for one thread: true if it took the input, false if it refused it in a documented way. Whatever else it throws is a defect.
/// </param>
internal sealed record Target(string Name, int Inputs, Func<IReadOnlyList<byte[]>> Seeds, Func<Func<byte[], bool>> Open)
{
    /// <summary>How inputs are made.</summary>
    public Func<Draw, byte[]> Make { get; init; } = Mutation.OfBytes;

    /// <summary>What an input may allocate whatever its length, in bytes.</summary>
    public long Allowance { get; init; } = 64 * 1024;

    /// <summary>What each byte of an input may allocate.</summary>
    public int PerByte { get; init; } = 40;

    /// <summary>Strings and numbers that mean something to the decoder.</summary>
    public IReadOnlyList<byte[]> Words { get; init; } = [];

    /// <summary>
    /// Types of exception that the code, or a library below it, throws and catches by design although they usually tell of a slip.
    /// </summary>
    public IReadOnlyList<Type> Swallows { get; init; } = [];

    /// <summary>False where mutants cannot be accepted: all of them lack a signature.</summary>
    public bool TakesMutants { get; init; } = true;

    public override string ToString() => Name;
}
