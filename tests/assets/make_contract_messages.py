"""Print `docs/contract/messages.json`: messages to try a consumer with, good ones and forged ones.

Keys are fixed here, and so known to everybody: nobody may ever pin this authority. Ed25519 signs
the same text in the same way every time, so that the file never changes without the contract.
Run: `PYTHONPATH=. python tests/assets/make_contract_messages.py > docs/contract/messages.json`
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from edge_lpr.core.clock import TimeQuality
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire import base64url
from edge_lpr.wire.birth import BirthClaims, PreviousBoot, sign_birth
from edge_lpr.wire.checkpoint import Checkpoint, sign_checkpoint
from edge_lpr.wire.deployment import Deployment, sign_deployment
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.gap import GapClaims, GapReason, sign_gap
from edge_lpr.wire.health import BoothFigures, HealthClaims, sign_health
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import PublicKey, SigningKey
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery, sign_delivery
from edge_lpr.wire.request import RequestClaims, sign_request
from edge_lpr.wire.sighting import (
    FIRST_PREV,
    SIGHTING_TYP,
    SightingClaims,
    sighting_hash,
    sign_sighting,
)
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import DeviceAddress
from edge_lpr.wire.transport import TransportClaims, sign_transport
from edge_lpr.wire.watch_list import WatchListManifest, sign_manifest

DAY_S: Final = 86_400
NOON: Final = 20_454 * DAY_S + DAY_S // 2
END_OF_2099: Final = 4_102_444_799
BOOT: Final = "3f0c9a51d27be804"


def key(name: str) -> SigningKey:
    """Return the fixed key of a name."""
    seed = hashlib.sha256(f"edge-lpr contract, {name}".encode()).digest()
    return SigningKey(Ed25519PrivateKey.from_private_bytes(seed))


def token(name: str) -> bytes:
    """Return something that looks like a token."""
    return hashlib.sha256(name.encode()).digest()[:16]


AUTHORITY = key("authority")
RIVAL = key("another authority")
BOOTH = key("booth-1")
STRANGER = key("stranger")
CONSUMER = key("consumer")
ADDRESS = DeviceAddress("agency", "north-crossing", "booth-1")

CERTIFICATE = DeviceCertificate(
    ADDRESS, BOOTH.public_key, CustodyTier.B, NOON - DAY_S // 2, END_OF_2099
)
SIGHTING = SightingClaims(
    boot=BOOT,
    seq=1,
    at=NOON,
    tq=TimeQuality.NTP,
    lane=2,
    dir="in",
    epoch=NOON // DAY_S,
    exact=token("exact"),
    fold=token("fold"),
    conf=3,
    reads=6,
    prev=FIRST_PREV,
)
EARLIER = replace(
    SIGHTING, boot="77aa10c4be2f9d36", seq=4096, at=NOON - 600, exact=token("exact 0")
)
EARLY = sign_sighting(replace(EARLIER, prev=token("the link before")), BOOTH)
BIRTH = BirthClaims(
    certificate=issue_certificate(CERTIFICATE, AUTHORITY),
    boot=BOOT,
    previous=PreviousBoot(EARLIER.boot, EARLIER.seq, sighting_hash(EARLY)),
    software="0.1.0",
    models=hashlib.sha256(b"manifest").digest(),
    camera_networked=False,
    tq=TimeQuality.NTP,
)
FIRST = sign_sighting(SIGHTING, BOOTH)
NEXT = replace(SIGHTING, seq=2, at=NOON + 7, exact=token("exact 2"), prev=sighting_hash(FIRST))
SECOND = sign_sighting(NEXT, BOOTH)
HEALTH = HealthClaims(
    boot=BOOT,
    seq=2,
    link=sighting_hash(SECOND),
    at=NOON + 60,
    tq=TimeQuality.NTP,
    up_s=93_600,
    camera="good",
    vision={"frames": 2_800_000, "still": 2_100_000, "agreed": 1_300, "handed_over": 1_200},
    tokeniser={"received": 1_200, "tokenised": 1_200, "delivered": 1_200},
    queued=0,
    certificate_days=340,
    key_days=3,
    figures=BoothFigures(
        counters={"accepted": 1_200, "published": 1_200, "connections": 2, "bytes_sent": 690_000},
        unsent=0,
        oldest_unsent_s=0,
        kept=1_254,
        tls_certificate_days=81,
        temperature_c=54,
        alarms=("bandwidth",),
    ),
)
THIRD = sign_sighting(replace(NEXT, seq=3, prev=sighting_hash(SECOND)), BOOTH)
HIT_BIRTH = replace(
    BIRTH,
    boot="c2d80e6f9b1a4573",
    previous=PreviousBoot(BOOT, 3, sighting_hash(THIRD)),
    mode="hit-only",
)
HIT = replace(
    SIGHTING,
    boot=HIT_BIRTH.boot,
    at=NOON + 600,
    exact=token("exact 4"),
    entry=token("entry")[:8],
    possible=True,
)
TRANSPORT_KEY = TransportKey.from_octets(hashlib.sha256(b"edge-lpr contract, transport").digest())
ANNOUNCEMENT = TransportClaims(
    certificate=BIRTH.certificate,
    number=NOON + 30,
    key=TRANSPORT_KEY.public_key,
    epochs=(20_454, 20_455),
    delivery=11,
    at=NOON + 30,
)
DELIVERY = KeyDelivery(
    address=ADDRESS,
    number=12,
    issued_at=NOON + 40,
    last_valid=NOON + 40 + DAY_S,
    purpose=KeyPurpose.LIVE,
    keys=tuple(
        EpochKeys(epoch, token(f"a{epoch}") + token(f"b{epoch}"), token(f"c{epoch}") * 2)
        for epoch in (20_454, 20_455, 20_456, 20_457)
    ),
)
MANIFEST = WatchListManifest(
    tenant=ADDRESS.tenant,
    site=ADDRESS.site,
    epoch=20_454,
    version=3,
    entries=74,
    chunks=2,
    digest=hashlib.sha256(b"chunks").digest(),
    at=NOON - DAY_S,
)
GAP = GapClaims(BOOT, 4, 17, NOON + 90, GapReason.OUTBOX_FULL)
CHECKPOINT = Checkpoint(ADDRESS, 2016, hashlib.sha256(b"root").digest())
FORKED = replace(CHECKPOINT, root=hashlib.sha256(b"another root").digest())
SHRUNK = replace(CHECKPOINT, size=2015)
REQUEST = RequestClaims(ADDRESS, BOOT, 18, 42, NOON + 120)


def edited(document: bytes, edit: Callable[[dict[str, object]], object]) -> bytes:
    """Return a document with other claims and its old signature."""
    header, payload, signature = document.split(b".")
    claims = json.loads(base64url.decode(payload))
    edit(claims)
    text = json.dumps(claims, separators=(",", ":")).encode()
    return b".".join((header, base64url.encode(text), signature))


def resigned(document: bytes, header: dict[str, str], sign: Callable[[bytes], bytes]) -> bytes:
    """Return a document with another header, signed anew."""
    text = json.dumps(header, separators=(",", ":")).encode()
    signed = base64url.encode(text) + b"." + document.split(b".")[1]
    return signed + b"." + base64url.encode(sign(signed))


def forged(typ: str = SIGHTING_TYP, **changes: str) -> dict[str, str]:
    """Return a header that names the booth's key."""
    return {"alg": "EdDSA", "kid": BOOTH.kid, "typ": typ, **changes}


def signed(payload: bytes, **changes: str) -> bytes:
    """Return what the booth never signs: a sighting with other claims."""
    return BOOTH.sign(SIGHTING_TYP, json.dumps(json.loads(payload) | changes).encode())


def hmac_of_public_key(signed: bytes) -> bytes:
    """Sign with the public key as a secret, as some libraries would let one."""
    return hmac.new(BOOTH.public_key.octets, signed, "sha512").digest()


def birth_with(certificate: DeviceCertificate, authority: SigningKey, signer: SigningKey) -> bytes:
    """Return a birth with another certificate."""
    return sign_birth(replace(BIRTH, certificate=issue_certificate(certificate, authority)), signer)


def stranger_sign(signed: bytes) -> bytes:
    """Sign with a key that nobody has certified."""
    return base64.urlsafe_b64decode(STRANGER.sign("x", signed).rpartition(b".")[2] + b"==")


def sealed_delivery() -> bytes:
    """Return a delivery that is the same every time: its sender's key and nonce are fixed here."""
    sender = TransportKey.from_octets(hashlib.sha256(b"edge-lpr contract, sender").digest())
    with (
        mock.patch.object(TransportKey, "generate", return_value=sender),
        mock.patch("edge_lpr.wire.jwe.secrets.token_bytes", lambda length: token("nonce")[:length]),
    ):
        return sign_delivery(DELIVERY, TRANSPORT_KEY.public_key, AUTHORITY)


def _line_of(public: PublicKey) -> str:
    """Return a public key as OpenSSH writes it."""
    parsed = Ed25519PublicKey.from_public_bytes(public.octets)
    return parsed.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


TECHNICIAN_CA = _line_of(key("technicians").public_key)


def deployment() -> Deployment:
    """Return a bundle whose certificate is the same every time."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"edge-lpr contract, CA").digest())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Agency broker authority")])
    start = dt.datetime(2026, 1, 1)  # noqa: DTZ001 (the builder takes UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, start)
    builder = builder.not_valid_after(start + dt.timedelta(days=730))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    pem = builder.sign(key, None).public_bytes(Encoding.PEM).decode()
    return Deployment(
        tenant=ADDRESS.tenant,
        authority=AUTHORITY.public_key,
        broker_ca_pem=pem,
        broker_host="broker.example",
        devices_port=8883,
        consumers_port=8884,
        enrolment_url="https://authority.example:8443",
        made_at=NOON - DAY_S,
        addresses=(
            ("broker.example", ("192.0.2.10", "2001:db8::10")),
            ("authority.example", ("192.0.2.20",)),
        ),
        technician_ca=TECHNICIAN_CA,
    )


def messages() -> list[tuple[str, str, str, bytes]]:
    """Return what each is, its verdict, its topic and its payload, in the order of delivery."""
    here, there = "agency/north-crossing/booth-1", "agency/north-crossing/booth-2"
    list_of_site = "agency/north-crossing/watchlist/20454"
    birth = sign_birth(BIRTH, BOOTH)
    other = replace(CERTIFICATE, address=replace(ADDRESS, device="booth-2"))
    late = replace(NEXT, at=CERTIFICATE.not_before - 1)
    padded = SECOND + b"=="
    stray = SECOND[:-1] + {b"A": b"B", b"Q": b"R", b"g": b"h", b"w": b"x"}[SECOND[-1:]]
    return [
        ("left from the boot before, and there first", "early", f"{here}/sighting", EARLY),
        ("a birth", "birth", f"{here}/birth", birth),
        ("a status", "status", f"{here}/status", encode_status(BOOT, is_online=True)),
        ("a sighting", "sighting", f"{here}/sighting", FIRST),
        ("the next one", "sighting", f"{here}/sighting", SECOND),
        ("the same once more", "again", f"{here}/sighting", SECOND),
        ("a health record", "health", f"{here}/health", sign_health(HEALTH, BOOTH)),
        ("a gap", "gap", f"{here}/gap", sign_gap(GAP, BOOTH)),
        ("a checkpoint", "checkpoint", f"{here}/checkpoint", _checkpoint()),
        ("a birth in hit-only mode", "birth", f"{here}/birth", sign_birth(HIT_BIRTH, BOOTH)),
        ("a possible hit", "sighting", f"{here}/sighting", sign_sighting(HIT, BOOTH)),
        ("a request", "request", f"{here}/request", sign_request(REQUEST, CONSUMER)),
        ("an announcement", "transport", f"{here}/transport", sign_transport(ANNOUNCEMENT, BOOTH)),
        ("a delivery", "keys", f"{here}/keys", sealed_delivery()),
        ("a manifest", "manifest", f"{list_of_site}/manifest", sign_manifest(MANIFEST, AUTHORITY)),
        *[
            (what, "refused", f"{here}/{kind}", payload)
            for what, kind, payload in [
                ("another lane", "sighting", edited(SECOND, lambda claims: claims.update(lane=1))),
                ("another number", "sighting", edited(SECOND, lambda claims: claims.update(seq=9))),
                ("no signature", "sighting", SECOND.rpartition(b".")[0] + b"."),
                ("alg none", "sighting", resigned(SECOND, forged(alg="none"), lambda _: b"")),
                ("HMAC", "sighting", resigned(SECOND, forged(alg="HS512"), hmac_of_public_key)),
                ("a stranger's signature", "sighting", resigned(SECOND, forged(), stranger_sign)),
                ("padding", "sighting", padded),
                ("stray bits in the signature", "sighting", stray),
                ("before the certificate", "sighting", sign_sighting(late, BOOTH)),
                ("tokens beside a hit", "sighting", signed(SIGHTING.encode(), hit="A" * 55)),
                ("a hit of neither kind", "sighting", signed(HIT.encode(), hit="A" * 54 + "I")),
                ("a health record as a sighting", "sighting", sign_health(HEALTH, BOOTH)),
                ("a gap as a sighting", "sighting", sign_gap(GAP, BOOTH)),
                ("a birth as a sighting", "sighting", birth),
                ("a sighting as a health record", "health", SECOND),
                ("a sighting as a gap", "gap", SECOND),
                ("a sighting as a birth", "birth", SECOND),
                ("a bare certificate as a birth", "birth", BIRTH.certificate),
                ("another boot in a birth", "birth", edited(birth, _other_boot)),
                ("another authority", "birth", birth_with(CERTIFICATE, RIVAL, BOOTH)),
                ("another's certificate", "birth", sign_birth(BIRTH, STRANGER)),
                ("a certificate of booth-2", "birth", birth_with(other, AUTHORITY, BOOTH)),
                ("an ended certificate", "birth", birth_with(_ended(), AUTHORITY, BOOTH)),
                ("a certificate of itself", "birth", birth_with(CERTIFICATE, BOOTH, BOOTH)),
                ("another size", "checkpoint", _with_another_size()),
                ("two roots at a size", "checkpoint", sign_checkpoint(FORKED, BOOTH)),
                ("a smaller log", "checkpoint", sign_checkpoint(SHRUNK, BOOTH)),
                ("a sighting as a checkpoint", "checkpoint", SECOND),
                ("a plate", "sighting", b"AB123CD"),
                ("nothing", "sighting", b""),
            ]
        ],
        ("a birth under another topic", "refused", f"{there}/birth", birth),
        ("a sighting under another topic", "early", f"{there}/sighting", SECOND),
        ("a checkpoint elsewhere", "refused", f"{there}/checkpoint", _checkpoint()),
        ("a stranger's checkpoint", "early", f"{here}/checkpoint", _checkpoint(STRANGER)),
        ("a stranger's sighting", "early", f"{here}/sighting", sign_sighting(NEXT, STRANGER)),
        ("the third sighting", "sighting", f"{here}/sighting", THIRD),
    ]


def _other_boot(claims: dict[str, object]) -> None:
    claims["boot"] = "0" * 16


def _checkpoint(signer: SigningKey = BOOTH) -> bytes:
    return sign_checkpoint(CHECKPOINT, signer)


def _with_another_size() -> bytes:
    return _checkpoint().replace(b"\n2016\n", b"\n2017\n")


def _ended() -> DeviceCertificate:
    return replace(CERTIFICATE, not_after=CERTIFICATE.not_before + DAY_S)


def document() -> dict[str, object]:
    """Return the whole file."""
    return {
        "about": "Messages to try a consumer with, in this order. A verdict is the kind of the "
        "message, `again` for a duplicate, `early` if no verified birth has named its key under "
        "this topic yet, else `refused`. What is early is kept until that birth comes, as it does "
        "for the first message. The private keys are public: never pin this authority.",
        "authority": base64url.encode(AUTHORITY.public_key.octets).decode(),
        "transport_key": base64url.encode(TRANSPORT_KEY.private_octets()).decode(),
        "deployment": sign_deployment(deployment(), AUTHORITY).decode(),
        "request_key": base64url.encode(CONSUMER.public_key.octets).decode(),
        "messages": [
            {
                "what": what,
                "verdict": verdict,
                "topic": f"lpr/v1/{topic}",
                "payload": payload.decode(),
            }
            for what, verdict, topic, payload in messages()
        ],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1) + "\n")
