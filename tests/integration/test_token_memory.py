"""After a token is made, its plate is nowhere in the memory of the process that made it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.tokens.canonical import fold_into

MAKER = """
import array, os, sys
from edge_lpr.tokens.canonical import canonical_from_indices, fold_into
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens
from edge_lpr.core.wipe import wipe

class_indices = bytearray(octet % 36 for octet in os.urandom(12))
disguised = bytearray(octet ^ 0xA5 for octet in class_indices).hex()
canonical = bytearray(12)
length = canonical_from_indices(class_indices, canonical)
with memoryview(canonical) as plate:
    make_tokens(plate[:length], TokenKeys(os.urandom(32), os.urandom(32)), TokenScope("t", "s", 1))
folded = bytearray(12)
fold_into(canonical, folded)
forms = {
    "ascii": canonical.copy,
    "folded": folded.copy,
    "utf-16": lambda: canonical.decode().encode("utf-16-le"),
    "utf-32": lambda: canonical.decode().encode("utf-32-le"),
    "indices": class_indices.copy,
    "wide indices": lambda: array.array("I", tuple(class_indices)),
    "widest indices": lambda: array.array("Q", tuple(class_indices)),
}
kept = [keep() for form, keep in forms.items() if form in sys.argv]
wipe(canonical)
wipe(class_indices)
wipe(folded)
print(disguised, flush=True)
sys.stdin.read()
"""
"""Makes a token of a random plate and says the plate in disguise; keeps a form of it if asked."""


@contextmanager
def _maker(*leaks: str) -> Iterator[tuple[int, bytes]]:
    """Run the process; give its id and the class indices of its plate."""
    with subprocess.Popen(
        [sys.executable, "-c", MAKER, *leaks], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process.pid, bytes(octet ^ 0xA5 for octet in bytes.fromhex(line.decode()))
        process.communicate()


def _memory(process_id: int) -> bytes:
    """Return all that the process could write, now."""
    parts: list[bytes] = []
    with Path(f"/proc/{process_id}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process_id}/maps").read_text().splitlines():
            addresses, permissions, *_ = line.split()
            first, last = (int(address, 16) for address in addresses.split("-"))
            if permissions.startswith("rw"):
                memory.seek(first)
                parts.append(memory.read(last - first))
    return b"\0".join(parts)


def _forms(class_indices: bytes) -> dict[str, bytes]:
    """Return every form in which the plate may lie in memory."""
    canonical = bytes(PLATE_ALPHABET[class_index] for class_index in class_indices)
    folded = bytearray(12)
    fold_into(canonical, folded)
    text = canonical.decode()
    return {
        "ascii": canonical,
        "folded": bytes(folded),
        "utf-16": text.encode("utf-16-le"),
        "utf-32": text.encode("utf-32-le"),
        "indices": class_indices,
        "wide indices": b"".join(index.to_bytes(4, "little") for index in class_indices),
        "widest indices": b"".join(index.to_bytes(8, "little") for index in class_indices),
    }


def test_no_form_of_the_plate_is_left_in_memory() -> None:
    with _maker() as (process_id, class_indices):
        memory = _memory(process_id)
    found = [name for name, form in _forms(class_indices).items() if form in memory]
    assert found == []


@pytest.mark.parametrize("form", _forms(bytes(12)))
def test_the_search_finds_a_plate_that_was_kept(form: str) -> None:
    with _maker(form) as (process_id, class_indices):
        memory = _memory(process_id)
    assert _forms(class_indices)[form] in memory
