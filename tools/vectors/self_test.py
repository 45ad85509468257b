"""Known answers for primitives.py: RFC 6979 A.2.5, NIST ECDH, FIPS 197, SP 800-38A F.5.1, GCM, RFC 5869 A.1, the CT test tree."""

import primitives as p
import wire


def _same(name, got, want):
    want = bytes.fromhex(want) if isinstance(want, str) else want
    if got != want:
        raise AssertionError(f"self-test {name}: got {got!r}, want {want!r}")


def _ecdsa():
    x = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    public = p.public_key(x)
    _same(
        "RFC 6979 key",
        public,
        "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
        "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
    )
    for text, r, s in (
        (
            b"sample",
            0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
            0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
        ),
        (
            b"test",
            0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
            0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
        ),
    ):
        digest = p.sha256(text)
        _same("RFC 6979 signature", p.ecdsa(x, digest), (r, s))
        signature = p.sign(x, digest)
        _same("verify", p.verify(public, digest, signature), True)
        _same("verify, another digest", p.verify(public, p.sha256(text + b"."), signature), False)
        _same("verify, high s", p.verify(public, digest, p.high_s(signature)), False)
    _same(
        "NIST ECDH P-256, count 0",
        p.ecdh(
            0x7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534,
            bytes.fromhex(
                "04700C48F77F56584C5CC632CA65640DB91B6BACCE3A4DF6B42CE7CC838833D287"
                "DB71E509E3FD9B060DDB20BA5C51DCC5948D46FBF640DFE0441782CAB85FA4AC"
            ),
        ),
        "46FC62106420FF012E54A434FBDD2D25CCC5852060561E68040DD7778997BD7B",
    )
    _same("order", p.times(p.N), None)


def _aes():
    key = bytes(range(16))
    _same(
        "FIPS 197 C.1",
        p.aes_block(p.aes_schedule(key), bytes.fromhex("00112233445566778899aabbccddeeff")),
        "69c4e0d86a7b0430d8cdb78070b4c55a",
    )
    stream = p.ctr_stream(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), 0xF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF, 32)
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    _same(
        "SP 800-38A F.5.1", bytes(a ^ b for a, b in zip(stream, plain)), "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
    )
    _same("GCM case 1", p.gcm_seal(bytes(16), b"", b""), "58e2fccefa7e3061367f1d57a4e7455a")
    _same("GCM case 2", p.gcm_seal(bytes(16), bytes(16), b""), "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf")
    key, nonce = bytes.fromhex("feffe9928665731c6d6a8f9467308308"), bytes.fromhex("cafebabefacedbaddecaf888")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    sealed = p.gcm_seal(key, plain, aad, nonce)
    _same(
        "GCM case 4",
        sealed,
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
    )
    _same("GCM open", p.gcm_open(key, sealed, aad, nonce), plain)


def _hkdf():
    prk = p.hkdf_extract(bytes(range(13)), b"\x0b" * 22)
    _same("RFC 5869 A.1 PRK", prk, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
    _same(
        "RFC 5869 A.1 OKM",
        p.hkdf_expand(prk, bytes(range(0xF0, 0xFA)), 42),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    )


def _field():
    def reverse(a):
        return int(format(a, "0128b")[::-1], 2)

    a, b = (int.from_bytes(p.sha256(text)[:16], "big") for text in (b"a", b"b"))
    _same("x · x^127", p.gf_multiply(2, 1 << 127), 0x87)
    # GHASH is the same field with its bits written the other way round.
    _same("against GHASH", p.gf_multiply(a, b), reverse(p.ghash_multiply(reverse(a), reverse(b))))
    _same("inverse", p.gf_multiply(a, p.gf_inverse(a)), 1)
    secret, coefficients = p.sha256(b"secret"), b"".join(p.sha256(bytes([i])) for i in range(2))
    shares = p.shamir_share(secret, 3, coefficients, [1, 3, 6, 10])
    _same("Shamir", p.shamir_combine({x: shares[x] for x in (3, 6, 10)}), secret)
    _same("Shamir, too few", p.shamir_combine({x: shares[x] for x in (3, 6)}) == secret, False)


def _tree():
    leaves = [
        bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
    ]
    roots = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for size, root in roots.items():
        _same(f"tree of {size}", p.merkle_root(leaves[:size]), root)
    for size in range(1, 9):
        root = p.merkle_root(leaves[:size])
        for index in range(size):
            _same("path", p.merkle_verify(leaves[index], index, size, p.merkle_path(leaves[:size], index), root), True)


def _protobuf():
    _same("varint", wire.uint(1, 150), "089601")  # the encoding guide's own example
    _same("text", wire.data(2, b"testing"), "120774657374696e67")
    _same("packed", wire.packed(6, [3, 270, 86942]), "3206038e029ea705")
    _same("defaults", wire.uint(1, 0) + wire.data(2, b"") + wire.packed(3, []), b"")


def _debian():
    """The same answers from python3-cryptography, where it is installed."""
    try:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        return False
    tape = p.Tape("self-test", "cross")
    for _ in range(4):
        private, other, digest = tape.scalar(), tape.scalar(), tape.draw(32)
        theirs = ec.derive_private_key(private, ec.SECP256R1())
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p.public_key(other))
        _same("cryptography: ECDH", p.ecdh(private, p.public_key(other)), theirs.exchange(ec.ECDH(), peer))
        signature = p.sign(private, digest)
        encoded = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        theirs.public_key().verify(encoded, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        key, plain, aad = tape.draw(16), tape.draw(96), tape.draw(40)
        _same("cryptography: GCM", p.gcm_seal(key, plain, aad), AESGCM(key).encrypt(bytes(12), plain, aad))
    return True


def run():
    """Raises AssertionError at the first wrong answer; returns whether python3-cryptography was there to agree."""
    for test in (_ecdsa, _aes, _hkdf, _field, _tree, _protobuf):
        test()
    return _debian()
