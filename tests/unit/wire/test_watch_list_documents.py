import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire.bounds import MAXIMUM_EPOCH, MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.watch_list import (
    ENTRIES_PER_CHUNK,
    ENTRY_BYTES,
    MAXIMUM_CHUNK_BYTES,
    MAXIMUM_ENTRIES,
    MAXIMUM_MANIFEST_BYTES,
    ListEntry,
    WatchListManifest,
    chunks_for,
    list_digest,
    list_key,
    open_chunk,
    pack_entries,
    seal_chunk,
    sign_manifest,
    unpack_entries,
    verify_manifest,
)

AUTHORITY = SigningKey.generate()
SITE_KEY = bytes(range(32))
KEY = list_key(SITE_KEY, tenant="tenant-a", site="lane-07", epoch=20_454)
ENTRIES = [
    ListEntry(bytes([n]) * 16, bytes([n + 1]) * 16, bytes([n]) * 8, bool(n % 2)) for n in range(200)
]
MANIFEST = WatchListManifest(
    tenant="tenant-a",
    site="lane-07",
    epoch=20_454,
    version=2,
    entries=200,
    chunks=3,
    digest=list_digest(pack_entries(ENTRIES)),
    at=1_767_268_800,
)
LONGEST = WatchListManifest(
    tenant="t" * 32,
    site="s" * 32,
    epoch=MAXIMUM_EPOCH,
    version=MAXIMUM_SEQUENCE,
    entries=MAXIMUM_ENTRIES,
    chunks=4096,
    digest=b"\xff" * 32,
    at=MAXIMUM_UNIX_S,
)


def _json(**changes: object) -> bytes:
    return json.dumps(json.loads(MANIFEST.encode()) | changes).encode()


def test_manifest_stands_on_the_wire_as_the_contract_says() -> None:
    members = json.loads(MANIFEST.encode())
    assert len(members.pop("digest")) == 43
    assert members == {
        "v": 1,
        "tenant": "tenant-a",
        "site": "lane-07",
        "epoch": 20_454,
        "version": 2,
        "entries": 200,
        "chunks": 3,
        "at": 1_767_268_800,
    }


@pytest.mark.parametrize("manifest", [MANIFEST, LONGEST], ids=["ordinary", "longest"])
def test_signed_manifest_comes_back_as_it_was(manifest: WatchListManifest) -> None:
    assert verify_manifest(sign_manifest(manifest, AUTHORITY), AUTHORITY.public_key) == manifest


def test_empty_list_has_a_manifest_too() -> None:
    empty = replace(MANIFEST, entries=0, chunks=0, digest=list_digest([]))
    assert verify_manifest(sign_manifest(empty, AUTHORITY), AUTHORITY.public_key) == empty
    assert empty.digest == hashlib.sha256().digest()


def test_longest_manifest_fits() -> None:
    assert len(sign_manifest(LONGEST, AUTHORITY)) == 490
    assert MAXIMUM_MANIFEST_BYTES == 512


def test_longer_manifest_is_refused_unread() -> None:
    with pytest.raises(WireError, match="at most 512 bytes"):
        verify_manifest(b"." * 513, AUTHORITY.public_key)


def test_manifest_of_another_authority_is_refused() -> None:
    with pytest.raises(VerificationError, match="another key"):
        verify_manifest(sign_manifest(MANIFEST, SigningKey.generate()), AUTHORITY.public_key)


def test_other_document_of_the_authority_is_no_manifest() -> None:
    document = AUTHORITY.sign("lpr-keys+jws", MANIFEST.encode())
    with pytest.raises(VerificationError, match="no lpr-watchlist"):
        verify_manifest(document, AUTHORITY.public_key)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"tenant": "#"}, id="wildcard as tenant"),
        pytest.param({"site": "a/b"}, id="two levels as site"),
        pytest.param({"epoch": MAXIMUM_EPOCH + 1}, id="epoch too large"),
        pytest.param({"version": 0}, id="version 0"),
        pytest.param({"entries": MAXIMUM_ENTRIES + 1, "chunks": 4097}, id="too many entries"),
        pytest.param({"entries": -1, "chunks": 0}, id="entries negative"),
        pytest.param({"chunks": 2}, id="too few chunks"),
        pytest.param({"chunks": 4}, id="too many chunks"),
        pytest.param({"digest": "AA"}, id="digest too short"),
        pytest.param({"at": -1}, id="before 1970"),
        pytest.param({"list": "x"}, id="unknown claim"),
    ],
)
def test_manifest_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        WatchListManifest.decode(_json(**changes))


@pytest.mark.parametrize("name", sorted(json.loads(MANIFEST.encode())))
def test_missing_claim_is_refused(name: str) -> None:
    members = json.loads(MANIFEST.encode())
    del members[name]
    with pytest.raises(WireError, match=f"no '{name}'"):
        WatchListManifest.decode(json.dumps(members).encode())


@pytest.mark.parametrize(("entries", "chunks"), [(0, 0), (1, 1), (73, 1), (74, 2), (299_008, 4096)])
def test_list_takes_as_few_chunks_as_possible(entries: int, chunks: int) -> None:
    assert chunks_for(entries) == chunks


def test_entries_come_back_in_their_order() -> None:
    chunks = pack_entries(ENTRIES)
    assert [len(chunk) // ENTRY_BYTES for chunk in chunks] == [73, 73, 54]
    assert [entry for chunk in chunks for entry in unpack_entries(chunk)] == ENTRIES


def test_more_entries_than_a_list_can_have_are_refused() -> None:
    with pytest.raises(WireError, match="number of entries"):
        pack_entries([ENTRIES[0]] * (MAXIMUM_ENTRIES + 1))


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param(bytes(40), id="a byte short"),
        pytest.param(bytes(42), id="a byte more"),
        pytest.param(bytes(40) + b"\x02", id="neither plate nor variant"),
    ],
)
def test_what_is_no_row_of_entries_is_refused(plaintext: bytes) -> None:
    with pytest.raises(WireError):
        list(unpack_entries(plaintext))


@pytest.mark.parametrize(
    "lengths", [(15, 16, 8), (16, 17, 8), (16, 16, 9)], ids=["exact", "fold", "entry"]
)
def test_entry_with_a_field_of_another_length_is_refused(lengths: tuple[int, int, int]) -> None:
    exact, fold, entry = map(bytes, lengths)
    with pytest.raises(WireError, match="must have"):
        ListEntry(exact, fold, entry, is_variant=False)


def test_entry_does_not_show_its_tokens() -> None:
    assert "eeee" not in repr(ListEntry(b"e" * 16, b"e" * 16, b"e" * 8, is_variant=False))


def test_chunk_opens_to_what_was_sealed() -> None:
    plaintext = pack_entries(ENTRIES)[0]
    chunk = seal_chunk(KEY, 2, 0, plaintext)
    assert open_chunk(KEY, 2, 0, chunk) == plaintext
    assert seal_chunk(KEY, 2, 0, plaintext) != chunk


def test_longest_chunk_fits() -> None:
    plaintext = pack_entries(ENTRIES)[0]
    assert len(plaintext) == ENTRIES_PER_CHUNK * ENTRY_BYTES
    assert len(seal_chunk(KEY, 1, 0, plaintext)) == 3021
    assert MAXIMUM_CHUNK_BYTES == 3072


@pytest.mark.parametrize(
    ("tenant", "site", "epoch", "version", "index"),
    [
        pytest.param("tenant-b", "lane-07", 20_454, 2, 0, id="another tenant"),
        pytest.param("tenant-a", "lane-08", 20_454, 2, 0, id="another site"),
        pytest.param("tenant-a", "lane-07", 20_455, 2, 0, id="another epoch"),
        pytest.param("tenant-a", "lane-07", 20_454, 1, 0, id="another version"),
        pytest.param("tenant-a", "lane-07", 20_454, 2, 1, id="another place"),
    ],
)
def test_chunk_passes_for_no_other(
    tenant: str, site: str, epoch: int, version: int, index: int
) -> None:
    chunk = seal_chunk(KEY, 2, 0, pack_entries(ENTRIES)[0])
    key = list_key(SITE_KEY, tenant=tenant, site=site, epoch=epoch)
    with pytest.raises(VerificationError, match="another list, version or place"):
        open_chunk(key, version, index, chunk)


@pytest.mark.parametrize("length", [0, 68, 3073])
def test_chunk_of_an_impossible_length_is_refused_unread(length: int) -> None:
    with pytest.raises(WireError, match="length of a chunk"):
        open_chunk(KEY, 1, 0, bytes(length))


@pytest.mark.parametrize(("version", "index"), [(0, 0), (MAXIMUM_SEQUENCE + 1, 0), (1, 4096)])
def test_chunk_out_of_bounds_is_never_sealed(version: int, index: int) -> None:
    with pytest.raises(WireError, match="must lie in"):
        seal_chunk(KEY, version, index, bytes(41))


def test_key_is_what_hkdf_gives() -> None:
    # Written out from RFC 5869 with the standard library, to share nothing with the code.
    extracted = hmac.digest(bytes(32), SITE_KEY, "sha256")
    info = b"alpr-watchlist/v1\x08tenant-a\x07lane-07" + (20_454).to_bytes(8, "big")
    assert hmac.digest(extracted, info + b"\x01", "sha256") == KEY


def test_names_cannot_run_into_one_another() -> None:
    key = list_key(SITE_KEY, tenant="ab", site="c", epoch=1)
    assert key != list_key(SITE_KEY, tenant="a", site="bc", epoch=1)


@pytest.mark.parametrize(
    ("tenant", "site", "epoch"), [("", "s", 1), ("t", "S", 1), ("t", "s", MAXIMUM_EPOCH + 1)]
)
def test_key_of_an_impossible_list_is_refused(tenant: str, site: str, epoch: int) -> None:
    with pytest.raises(WireError):
        list_key(SITE_KEY, tenant=tenant, site=site, epoch=epoch)
