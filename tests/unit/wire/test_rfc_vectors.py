"""The published examples of the algorithms that this project pins.

What each of them proves, and what it cannot, stands at its test. The examples have other headers
than ours, so the documents themselves are refused and the parts are tried; that a whole document of
another library opens here is what ``tests/integration/test_jose.py`` shows.
"""

import base64
import hashlib
import hmac
import json
from typing import Final

import pytest
from argon2.low_level import Type, core, error_to_str, ffi
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire import base64url, jws
from edge_lpr.wire.jwe import (
    TransportKey,
    TransportPublicKey,
    decrypt_content,
    derive_content_key,
    open_sealed,
)
from edge_lpr.wire.jws import PublicKey, SigningKey

# RFC 8037, appendix A.1, A.3, A.4: the key, its thumbprint and a JWS.
RFC_8037_KEY: Final = SigningKey(
    Ed25519PrivateKey.from_private_bytes(
        base64url.decode(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
    )
)
RFC_8037_JWS: Final = (
    b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    b".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)

# RFC 7748, section 6.1, which RFC 8037, appendix A.6, takes over as Alice's and Bob's.
ALICE: Final = TransportKey(
    X25519PrivateKey.from_private_bytes(
        bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    )
)
BOB: Final = TransportKey(
    X25519PrivateKey.from_private_bytes(
        bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    )
)
AGREED: Final = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")

# RFC 7516, appendix A.1.
RFC_7516_JWE: Final = (
    b"eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ",
    b"48V1_ALb6US04U3b",
    b"5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A",
    b"XFBoMYUZodetZdvTiFvSkQ",
)
RFC_7516_CONTENT_KEY: Final = bytes.fromhex(
    "b1a1f480548fe1733fb403ff6b9ad4f68a076e5b702e22692f82cb2e7aea40fc"
)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        pytest.param(b"A-z_4ME", bytes([3, 236, 255, 224, 193]), id="RFC 7515, appendix C"),
        pytest.param(
            b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            b'{"typ":"JWT",\r\n "alg":"HS256"}',
            id="RFC 7515, appendix A.1.1",
        ),
    ],
)
def test_base64url_is_that_of_jws(text: bytes, octets: bytes) -> None:
    # Proves the alphabet and the missing padding; strictness is this project's own.
    assert base64url.decode(text) == octets
    assert base64url.encode(octets) == text


@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"),
    [
        pytest.param(
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            id="test 1",
        ),
        pytest.param(
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            id="test 2",
        ),
        pytest.param(
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            id="test 3",
        ),
        pytest.param(
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            hashlib.sha512(b"abc").hexdigest(),
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
            id="test SHA(abc)",
        ),
    ],
)
def test_ed25519_is_that_of_rfc_8032(
    secret: str, public: str, message: str, signature: str
) -> None:
    # RFC 8032, section 7.1: proves what signs and what checks, key and signature byte for byte.
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    key = SigningKey(private)
    assert key.public_key.octets.hex() == public
    assert private.sign(bytes.fromhex(message)).hex() == signature
    assert key.public_key.is_signature(bytes.fromhex(signature), bytes.fromhex(message))
    assert not key.public_key.is_signature(bytes.fromhex(signature), b"another message")


def test_key_id_of_a_signing_key_is_its_thumbprint() -> None:
    # RFC 8037, appendix A.3: proves the members and their order, of which 16 characters are kept.
    thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert RFC_8037_KEY.kid == thumbprint[:16]


def test_key_id_of_a_transport_key_is_a_thumbprint() -> None:
    # No RFC has one for X25519; written out from RFC 7638 with the standard library alone.
    members = '{"crv":"X25519","kty":"OKP","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}'
    digest = hashlib.sha256(members.encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode()[:16] == BOB.kid


def test_signature_of_the_jws_of_rfc_8037_holds() -> None:
    # RFC 8037, appendix A.4 and A.5: proves what is signed, header, dot and payload as text.
    signed, _, signature = RFC_8037_JWS.rpartition(b".")
    assert RFC_8037_KEY.public_key.is_signature(base64url.decode(signature), signed)
    assert base64url.decode(signed.partition(b".")[2]) == b"Example of Ed25519 signing"


def test_our_jws_is_put_together_as_that_of_rfc_8037() -> None:
    # The same, for what signs: only the header differs.
    document = RFC_8037_KEY.sign("lpr-test+jws", b"Example of Ed25519 signing")
    header, payload, signature = document.split(b".")
    assert payload == RFC_8037_JWS.split(b".")[1]
    assert json.loads(base64url.decode(header)) == {
        "alg": "EdDSA",
        "kid": "kPrK_qmxVWaYVA9w",
        "typ": "lpr-test+jws",
    }
    public = PublicKey(base64url.decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
    assert public.is_signature(base64url.decode(signature), header + b"." + payload)


def test_jws_of_rfc_8037_itself_is_refused_for_its_header() -> None:
    with pytest.raises(WireError, match="no 'kid'"):
        jws.parse(RFC_8037_JWS, 1000)


def test_agreement_is_that_of_rfc_8037() -> None:
    # RFC 8037, appendix A.6: proves X25519, both ways, with the point that `epk` would carry.
    alice = base64url.decode(b"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo")
    bob = base64url.decode(b"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08")
    assert ALICE.public_key.octets == alice
    assert ALICE.agree(TransportPublicKey(bob)) == AGREED
    assert BOB.agree(TransportPublicKey(alice)) == AGREED


def test_key_derivation_is_that_of_rfc_7518() -> None:
    # RFC 7518, appendix C: proves the Concat KDF and what goes into it. Its key is of 128 bits and
    # between two named parties; ours is of 256 and between none, which jose judges.
    agreed = bytes.fromhex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4")
    content_key = derive_content_key(agreed, "A128GCM", (b"Alice", b"Bob"), 16)
    assert base64url.encode(bytes(content_key)) == b"VqqN6vgjbSBcIijNcacQGg"


def test_key_derivation_for_our_constants_is_one_sha_256() -> None:
    # NIST SP 800-56A, section 5.8.1, written out: a 256-bit key takes one round of SHA-256.
    named = [len(each).to_bytes(4, "big") + each for each in (b"A256GCM", b"", b"")]
    hashed = (1).to_bytes(4, "big") + AGREED + b"".join(named) + (256).to_bytes(4, "big")
    assert derive_content_key(AGREED) == hashlib.sha256(hashed).digest()


def test_content_encryption_is_that_of_rfc_7516() -> None:
    # RFC 7516, appendix A.1, from its content key on: proves A256GCM, and that the tag covers the
    # header as text. How the key gets there (RSA-OAEP) is refused here.
    header, *texts = RFC_7516_JWE
    nonce, content, tag = map(base64url.decode, texts)
    plaintext = b"The true sign of intelligence is not knowledge but imagination."
    assert decrypt_content(RFC_7516_CONTENT_KEY, nonce, content + tag, header) == plaintext
    with pytest.raises(VerificationError):
        decrypt_content(RFC_7516_CONTENT_KEY, nonce, content + tag, header + b"A")


def test_jwe_of_rfc_7516_itself_is_refused_for_its_header() -> None:
    header, *texts = RFC_7516_JWE
    with pytest.raises(WireError, match="alg"):
        open_sealed(b".".join((header, b"", *texts)), BOB, "lpr-keys+jwe", 1000)


@pytest.mark.parametrize(
    ("secret", "salt", "info", "length", "expected"),
    [
        pytest.param(
            b"\x0b" * 22,
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            id="test case 1",
        ),
        pytest.param(
            bytes(range(0x50)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            82,
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
            "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
            id="test case 2",
        ),
        pytest.param(
            b"\x0b" * 22,
            None,
            b"",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
            id="test case 3, without salt as the key of a watch-list",
        ),
    ],
)
def test_hkdf_is_that_of_rfc_5869(
    secret: bytes, salt: bytes | None, info: bytes, length: int, expected: str
) -> None:
    # RFC 5869, appendix A: proves the library; what goes into it is written out once more in
    # test_watch_list_documents.py.
    assert HKDF(SHA256(), length, salt=salt, info=info).derive(secret).hex() == expected


@pytest.mark.parametrize(
    ("key", "message", "expected"),
    [
        pytest.param(
            b"\x0b" * 20,
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            id="test case 1",
        ),
        pytest.param(
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            id="test case 2",
        ),
        pytest.param(
            b"\xaa" * 20,
            b"\xdd" * 50,
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            id="test case 3",
        ),
        pytest.param(
            bytes(range(1, 26)),
            b"\xcd" * 50,
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            id="test case 4",
        ),
        pytest.param(
            b"\x0c" * 20,
            b"Test With Truncation",
            "a3b6167473100ee06e0c796c2955552b",
            id="test case 5, cut to 16 bytes as a token",
        ),
        pytest.param(
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            id="test case 6",
        ),
        pytest.param(
            b"\xaa" * 131,
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            id="test case 7",
        ),
    ],
)
def test_hmac_is_that_of_rfc_4231(key: bytes, message: bytes, expected: str) -> None:
    # RFC 4231, section 4, fed in parts and cut as suite 1 feeds and cuts it.
    mac = hmac.new(bytearray(key), message[:3], "sha256")
    mac.update(memoryview(message)[3:])
    assert mac.digest()[: len(expected) // 2].hex() == expected


def test_argon2id_is_that_of_rfc_9106() -> None:
    # RFC 9106, section 5.3. Its secret and its associated data have no place in hash_secret_raw,
    # which suite 1 calls; so the same library's core is called as hash_secret_raw calls it, with
    # these two besides. It proves the library: the parameters of suite 1 are proved by the token
    # vectors and by a second implementation.
    password, salt = ffi.new("uint8_t[]", b"\x01" * 32), ffi.new("uint8_t[]", b"\x02" * 16)
    secret, data = ffi.new("uint8_t[]", b"\x03" * 8), ffi.new("uint8_t[]", b"\x04" * 12)
    tag = ffi.new("uint8_t[]", 32)
    context = ffi.new(
        "argon2_context *",
        {
            "out": tag,
            "outlen": 32,
            "version": 0x13,
            "pwd": password,
            "pwdlen": 32,
            "salt": salt,
            "saltlen": 16,
            "secret": secret,
            "secretlen": 8,
            "ad": data,
            "adlen": 12,
            "t_cost": 3,
            "m_cost": 32,
            "lanes": 4,
            "threads": 4,
            "allocate_cbk": ffi.NULL,
            "free_cbk": ffi.NULL,
            "flags": 0,
        },
    )
    status = core(context, Type.ID.value)
    assert status == 0, error_to_str(status)
    assert bytes(ffi.buffer(tag)).hex() == (
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    )
