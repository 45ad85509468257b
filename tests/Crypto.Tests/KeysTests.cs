using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.Agreement;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using SecureAggregation.Testing;
using BigInteger = Org.BouncyCastle.Math.BigInteger;

namespace SecureAggregation.Crypto.Tests;

public sealed class KeysTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly BigInteger s_order = new("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);

    // RFC 5903 section 8.1.
    private const string Rfc5903I = "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433";
    private const string Rfc5903R = "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53";
    private const string Rfc5903GrX =
        "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63";

    private const string Rfc5903GrY =
        "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB";

    private const string Rfc5903Secret = "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE";

    [Fact]
    public void Agreement_gives_the_secret_of_Rfc5903()
    {
        using var i = AgreementKey.Import(Convert.FromHexString(Rfc5903I));
        using var r = AgreementKey.Import(Convert.FromHexString(Rfc5903R));
        Assert.Equal("04" + Rfc5903GrX + Rfc5903GrY, Convert.ToHexString(r.PublicKey));
        using var one = i.Agree(r.PublicKey);
        using var other = r.Agree(i.PublicKey);
        Assert.Equal(Rfc5903Secret, Convert.ToHexString(one.Span));
        Assert.True(one.FixedTimeEquals(other.Span));
    }

    [Fact]
    public void Rfc6979_signature_is_accepted_in_its_low_form()
    {
        // RFC 6979 A.2.5, SHA-256, message "sample".
        using var key = IdentityKey.Import(Convert.FromHexString("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"));
        Assert.Equal(
            "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
            Convert.ToHexString(key.Public.Point));
        var signature = Convert.FromHexString(
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes("sample"));
        Assert.False(key.Public.Verify(hash, signature));
        Assert.True(key.Public.Verify(hash, OtherS(signature)));
    }

    private static byte[] OtherS(byte[] signature)
    {
        var s = s_order.Subtract(new BigInteger(1, signature, 32, 32)).ToByteArrayUnsigned();
        var result = signature.ToArray();
        result.AsSpan(32).Clear();
        s.CopyTo(result, 64 - s.Length);
        return result;
    }
}
