using System.Text.Json;
using SecureAggregation.Accounts;
using SecureAggregation.Crypto;
using SecureAggregation.Dashboard.Blazor.Store;

namespace SecureAggregation.Dashboard.Blazor.Security;

/// <summary>
/// Which of the deck's acts are in the station's log, in one JSON file, so that a deck that starts while the station is away knows whose accounts count. Without the
/// file all accounts are logged anew. For one caller at a time.
/// </summary>
internal sealed class ActReceipts
{
    private const int LargestFile = 16 * 1024 * 1024;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly string _origin;
    private readonly string _signer;
    private readonly List<Receipt> _receipts = [];

    private ActReceipts(string path, string origin, string signer) => (Path, _origin, _signer) = (path, origin, signer);

    public string Path { get; }

    /// <summary>What the log says of the deck's accounts.</summary>
    public LoggedRights Logged { get; } = new();

    /// <summary>The number of the last act of this deck's key that is in the log.</summary>
    public ulong Last { get; private set; }

    /// <summary>Reads the file; a missing one says that nothing is in the log.</summary>
    /// <param name="path">The file.</param>
    /// <param name="origin">The log. Receipts of another one say nothing about it.</param>
    /// <param name="signer">The deck's key: another one counts its acts from 1 again, and what the one before has signed stays.</param>
    /// <exception cref="AccountException">It is no such file.</exception>
    public static ActReceipts Open(string path, string origin, IdentityPublicKey signer)
    {
        var receipts = new ActReceipts(path, origin, signer.Fingerprint);
        if (!File.Exists(path)) return receipts;
        ReceiptFile? file;
        try
        {
            file = DeckFile.Read<ReceiptFile>(path, LargestFile, s_json);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new AccountException($"{path} cannot be read: {e.Message}; move it away, and all accounts are put into the station's log anew", e);
        }

        if (file is not { Version: 1, Acts: { } acts } || acts.Exists(a => a is not { Subject: not null, Mark: not null }) || !acts.TrueForAll(a => Enum.IsDefined(a.Change)))
            throw new AccountException($"{path} is not a file of receipts of version 1; move it away, and all accounts are put into the station's log anew");
        if (file.Log != origin) return receipts;
        foreach (var act in acts) receipts.Keep(act);
        if (file.Signer == receipts._signer) receipts.Last = file.Last;
        return receipts;
    }

    /// <summary>An act is in the log under this number; what others before it say is not known here.</summary>
    public void Take(RightsAct act, ulong number)
    {
        Keep(new Receipt(act.Change, act.Subject, act.Mark));
        Last = number;
        DeckFile.Write(Path, new ReceiptFile(1, _origin, _signer, Last, _receipts), s_json);
    }

    private void Keep(Receipt receipt)
    {
        _receipts.Add(receipt);
        Logged.Take(receipt.Change, receipt.Subject, receipt.Mark);
    }

    private sealed record Receipt(RightsChange Change, string Subject, byte[] Mark);

    private sealed record ReceiptFile(int Version, string Log, string Signer, ulong Last, List<Receipt> Acts);
}
