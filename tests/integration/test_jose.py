"""What this project seals another library opens, and the other way round."""

import json
from typing import Any, Final

from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire import base64url
from edge_lpr.wire.jwe import TransportKey, open_sealed, seal
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery, open_delivery, sign_delivery
from edge_lpr.wire.topics import DeviceAddress
from tests.support.node import run_script

AUTHORITY = SigningKey.generate()
BOOTH = TransportKey.generate()
TYP: Final = "lpr-keys+jwe"
KEYS = (EpochKeys(20_454, bytes(range(32)), b"\n" * 32), EpochKeys(20_455, b"\xff" * 32, bytes(32)))
DELIVERY = KeyDelivery(
    DeviceAddress("agency", "north", "booth-1"),
    7,
    1_767_268_800,
    1_767_300_000,
    KeyPurpose.LIVE,
    KEYS,
)
SCRIPT: Final = """
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify, importJWK } from "jose";
const { task, text, own, recipient, kid, signer, typ } = JSON.parse(process.argv[1]);
const jwk = (crv, x, d) => importJWK({ kty: "OKP", crv, x, ...(d && { d }) }, "ECDH-ES");
const octets = (text) => new Uint8Array(Buffer.from(text, "base64url"));
const only = { keyManagementAlgorithms: ["ECDH-ES"], contentEncryptionAlgorithms: ["A256GCM"] };
const open = async (document) => {
  const key = await jwk("X25519", own.x, own.d);
  return Buffer.from((await compactDecrypt(document, key, only)).plaintext).toString("base64url");
};
const tasks = {
  open: () => open(text),
  async openDelivery() {
    const key = await importJWK({ kty: "OKP", crv: "Ed25519", x: signer }, "EdDSA");
    return open((await compactVerify(text, key, { algorithms: ["EdDSA"] })).payload);
  },
  async seal() {
    const key = await jwk("X25519", recipient);
    const header = { typ, kid, enc: "A256GCM", alg: "ECDH-ES" };
    return new CompactEncrypt(octets(text)).setProtectedHeader(header).encrypt(key);
  },
};
process.stdout.write(await tasks[task]());
"""


def _text(octets: bytes) -> str:
    return base64url.encode(octets).decode()


def jose(task: str, **arguments: Any) -> bytes:  # noqa: ANN401 - whatever JSON has
    """Have the npm library ``jose`` do something."""
    return run_script(SCRIPT, json.dumps({"task": task, **arguments}))


OWN = {"x": _text(BOOTH.public_key.octets), "d": _text(BOOTH.private_octets())}


def test_jose_opens_what_we_seal() -> None:
    plaintext = bytes(range(256)) * 3
    document = seal(plaintext, BOOTH.public_key, TYP)
    opened = jose("open", text=document.decode(), own=OWN)
    assert base64url.decode(opened) == plaintext


def test_we_open_what_jose_seals() -> None:
    plaintext = bytes(range(256))
    document = jose(
        "seal",
        text=_text(plaintext),
        recipient=OWN["x"],
        kid=BOOTH.kid,
        typ=TYP,
    )
    assert open_sealed(document, BOOTH, TYP, 4096) == plaintext


def test_jose_checks_and_opens_a_whole_delivery() -> None:
    document = sign_delivery(DELIVERY, BOOTH.public_key, AUTHORITY)
    signer = _text(AUTHORITY.public_key.octets)
    opened = base64url.decode(jose("openDelivery", text=document.decode(), own=OWN, signer=signer))
    claims, _, keys = opened.partition(b"\n")
    assert json.loads(claims)["epochs"] == [20_454, 20_455]
    assert keys == b"".join(bytes(each.stretch) + bytes(each.site) for each in KEYS)


def test_we_accept_a_delivery_that_jose_sealed() -> None:
    ours = open_delivery(
        sign_delivery(DELIVERY, BOOTH.public_key, AUTHORITY), AUTHORITY.public_key, BOOTH
    )
    signed = sign_delivery(DELIVERY, BOOTH.public_key, AUTHORITY).split(b".")[1]
    plaintext = bytes(open_sealed(base64url.decode(signed), BOOTH, TYP, 4096))
    sealed = jose("seal", text=_text(plaintext), recipient=OWN["x"], kid=BOOTH.kid, typ=TYP)
    theirs = open_delivery(AUTHORITY.sign("lpr-keys+jws", sealed), AUTHORITY.public_key, BOOTH)
    assert theirs == ours == DELIVERY
