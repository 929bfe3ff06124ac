"""Print `token-vectors-extremes.json`: suite 1 at its edges, by a second implementation.

Written from the specification alone, with another Argon2 (that of `cryptography`) and on plain
strings, so that it shares no code and no mistake with `edge_lpr.tokens`. Keys are fixed here.
Run: `python tests/assets/make_token_vectors.py > tests/assets/token-vectors-extremes.json`
"""

# ruff: noqa: RUF001 -- characters that look like others are what this is about.

import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

DST = b"alpr-token/v1"
STRETCH_KEY = hashlib.sha256(b"stretch key of the extremes").digest()
SITE_KEY = hashlib.sha256(b"site key of the extremes").digest()
CONFUSED = str.maketrans("ODQIZSBG", "00012586")

CASES = [
    # what, plate as written, its canonical form, tenant, site, epoch
    ("two characters", "A1", "A1", "t", "s", 0),
    ("twelve characters", "ABCDEFGHIJKL", "ABCDEFGHIJKL", "t", "s", 20_454),
    ("every letter that folds", "ODQIZSBG", "ODQIZSBG", "t", "s", 20_454),
    ("every letter that stays", "ACEFHJKLMNPR", "ACEFHJKLMNPR", "t", "s", 20_454),
    ("every digit", "0123456789", "0123456789", "t", "s", 20_454),
    ("every Cyrillic letter", "АВЕКМНОРСТУХ", "ABEKMHOPCTYX", "t", "s", 20_454),
    ("Ukrainian I, lower case", "аі1234вс", "AI1234BC", "t", "s", 20_454),
    ("every separator", " A-B.C·1•2_3/4‐5‑6–7—8\t", "ABC12345678", "t", "s", 20_454),
    ("full width, lower case", "ａｂｃ１２３", "ABC123", "t", "s", 20_454),
    ("Arabic and Persian digits", "١٢٣۴۵۶", "123456", "t", "s", 20_454),
    ("combining marks", "ÄÖÜ-É 1", "AOUE1", "t", "s", 20_454),
    ("tenant and site of 255", "ABC1234", "ABC1234", "t" * 255, "s" * 255, 20_454),
    ("last epoch of all", "ABC1234", "ABC1234", "t", "s", 2**64 - 1),
]


def lp(octets: bytes) -> bytes:
    return bytes([len(octets)]) + octets


def mac(key: bytes, octets: bytes) -> bytes:
    return hmac.new(key, octets, hashlib.sha256).digest()


def vector(case: tuple[str, str, str, str, str, int]) -> dict[str, str | int]:
    what, plate, canon, tenant, site, epoch = case
    fold = canon.translate(CONFUSED)
    keyed = mac(STRETCH_KEY, DST + b"\x01" + lp(fold.encode()))
    epoch_octets = epoch.to_bytes(8, "big")
    salt = hashlib.sha256(DST + b"\x02" + lp(tenant.encode()) + epoch_octets).digest()[:16]
    argon2 = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=65_536)
    stretched = argon2.derive(keyed)
    place = lp(site.encode()) + epoch_octets + stretched
    return {
        "what": what,
        "plate": plate,
        "canon": canon,
        "tenant": tenant,
        "site": site,
        "epoch": epoch,
        "fold": fold,
        "p": keyed.hex(),
        "salt": salt.hex(),
        "S": stretched.hex(),
        "token_exact": mac(SITE_KEY, DST + b"\x03" + place + lp(canon.encode()))[:16].hex(),
        "token_fold": mac(SITE_KEY, DST + b"\x04" + place)[:16].hex(),
    }


if __name__ == "__main__":
    document = {
        "suite": 1,
        "k_stretch": STRETCH_KEY.hex(),
        "k_site": SITE_KEY.hex(),
        "tokens": [vector(case) for case in CASES],
    }
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
