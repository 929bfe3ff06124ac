"""Both places for wrapping keys keep one contract; files also against power cuts and others."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_lpr.authority.file_wrapping import FileWrappingKeys
from edge_lpr.authority.wrapping import ROOT, WrappingKeys, epoch_name
from edge_lpr.core.errors import AuthorityError, DestroyedError, NotAllowedError
from tests.support.softhsm import PIN, empty_token, find_softhsm

EPOCH = epoch_name(20_454)
CONTEXT = b"what it is"

OpenPlace = Callable[[], WrappingKeys]


def files(folder: Path) -> OpenPlace:
    FileWrappingKeys.create(folder / "wrapping")
    return lambda: FileWrappingKeys(folder / "wrapping")


def token(_folder: Path) -> OpenPlace:
    find_softhsm()
    from edge_lpr.authority.pkcs11_wrapping import (  # noqa: PLC0415 - an optional library
        Pkcs11WrappingKeys,
        TokenAddress,
    )

    address = TokenAddress(find_softhsm(), empty_token())
    return lambda: Pkcs11WrappingKeys(address, lambda: PIN)


@pytest.fixture(
    params=[
        pytest.param(files, id="files"),
        pytest.param(token, id="token", marks=pytest.mark.hsm),
    ]
)
def open_place(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPlace:
    make: Callable[[Path], OpenPlace] = request.param
    return make(tmp_path)


def test_secret_comes_back_when_the_place_is_opened_again(open_place: OpenPlace) -> None:
    place = open_place()
    place.make(EPOCH)
    wrapped = place.wrap(EPOCH, b"a secret", CONTEXT)
    place.close()
    again = open_place()
    assert again.unwrap(EPOCH, wrapped, CONTEXT) == b"a secret"
    assert b"a secret" not in wrapped
    again.close()


def test_making_a_key_again_keeps_it(open_place: OpenPlace) -> None:
    place = open_place()
    place.make(EPOCH)
    wrapped = place.wrap(EPOCH, b"a secret", CONTEXT)
    place.make(EPOCH)
    assert place.unwrap(EPOCH, wrapped, CONTEXT) == b"a secret"
    place.close()


def test_two_wrappings_of_a_secret_have_nothing_in_common(open_place: OpenPlace) -> None:
    place = open_place()
    place.make(EPOCH)
    first, second = (place.wrap(EPOCH, bytes(32), CONTEXT) for _ in range(2))
    assert first[1:13] != second[1:13]
    assert first[13:] != second[13:]
    place.close()


def test_secret_is_refused_as_anything_else(open_place: OpenPlace) -> None:
    place = open_place()
    place.make(EPOCH)
    wrapped = place.wrap(EPOCH, b"a secret", CONTEXT)
    with pytest.raises(AuthorityError, match="do not open this data base"):
        place.unwrap(EPOCH, wrapped, b"another row")
    place.close()


@pytest.mark.parametrize("position", [1, 20, -1])
def test_changed_byte_is_refused(open_place: OpenPlace, position: int) -> None:
    place = open_place()
    place.make(EPOCH)
    wrapped = bytearray(place.wrap(EPOCH, bytes(32), CONTEXT))
    wrapped[position] ^= 1
    with pytest.raises(AuthorityError):
        place.unwrap(EPOCH, bytes(wrapped), CONTEXT)
    place.close()


@pytest.mark.parametrize("wrapped", [b"", b"\x01" + bytes(20), b"\x02" + bytes(60)])
def test_what_was_never_wrapped_is_refused(open_place: OpenPlace, wrapped: bytes) -> None:
    place = open_place()
    place.make(EPOCH)
    with pytest.raises(AuthorityError, match="damaged"):
        place.unwrap(EPOCH, wrapped, CONTEXT)
    place.close()


def test_destroyed_key_opens_nothing_and_leaves_the_others(open_place: OpenPlace) -> None:
    place = open_place()
    place.make(EPOCH)
    place.make(ROOT)
    wrapped = place.wrap(EPOCH, b"a secret", CONTEXT)
    kept = place.wrap(ROOT, b"another", CONTEXT)
    place.destroy(EPOCH)
    place.destroy(EPOCH)
    with pytest.raises(DestroyedError):
        place.unwrap(EPOCH, wrapped, CONTEXT)
    with pytest.raises(DestroyedError):
        place.wrap(EPOCH, b"a secret", CONTEXT)
    assert place.names() == {ROOT}
    assert place.unwrap(ROOT, kept, CONTEXT) == b"another"
    place.close()


def test_key_made_after_destruction_is_another(open_place: OpenPlace) -> None:
    place = open_place()
    place.make(EPOCH)
    wrapped = place.wrap(EPOCH, b"a secret", CONTEXT)
    place.destroy(EPOCH)
    place.make(EPOCH)
    with pytest.raises(AuthorityError):
        place.unwrap(EPOCH, wrapped, CONTEXT)
    place.close()


def test_head_of_the_journal_is_the_newest_one(open_place: OpenPlace) -> None:
    place = open_place()
    assert place.read_head() is None
    place.write_head(b"%016x" % 1 + bytes(32))
    place.write_head(b"%016x" % 2 + bytes(32))
    place.close()
    again = open_place()
    assert again.read_head() == b"%016x" % 2 + bytes(32)
    again.close()


def test_name_that_is_none_of_ours_is_refused(open_place: OpenPlace) -> None:
    place = open_place()
    with pytest.raises(ValueError, match="root or epoch"):
        place.make("../root")
    place.close()


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    place = files(tmp_path)()
    place.make(EPOCH)
    (file,) = (tmp_path / "wrapping").glob("*.key")
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "wrapping").stat().st_mode & 0o777 == 0o700


def test_folder_says_that_it_must_not_be_backed_up(tmp_path: Path) -> None:
    files(tmp_path)
    (note,) = (tmp_path / "wrapping").glob("*.txt")
    assert "Never copy or back up" in note.read_text()


def test_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    files(tmp_path)
    (tmp_path / "wrapping").chmod(0o750)
    with pytest.raises(AuthorityError, match="chmod 700"):
        FileWrappingKeys(tmp_path / "wrapping")


def test_medium_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="connect the medium"):
        FileWrappingKeys(tmp_path / "away")


def test_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    place = files(tmp_path)()
    place.make(EPOCH)
    (tmp_path / "wrapping" / f"{EPOCH}.key").chmod(0o640)
    with pytest.raises(AuthorityError, match="others can reach it"):
        place.wrap(EPOCH, b"a secret", CONTEXT)


def test_key_whose_destruction_was_cut_off_is_gone_all_the_same(tmp_path: Path) -> None:
    place = files(tmp_path)()
    place.make(EPOCH)
    wrapped = place.wrap(EPOCH, b"a secret", CONTEXT)
    (tmp_path / "wrapping" / f"{EPOCH}.key").write_bytes(bytes(32))
    with pytest.raises(DestroyedError):
        place.unwrap(EPOCH, wrapped, CONTEXT)
    with pytest.raises(DestroyedError):
        place.make(EPOCH)
    assert place.names() == {EPOCH}
    place.destroy(EPOCH)
    assert place.names() == frozenset()


def test_truncated_key_file_is_damaged_and_not_destroyed(tmp_path: Path) -> None:
    place = files(tmp_path)()
    place.make(EPOCH)
    (tmp_path / "wrapping" / f"{EPOCH}.key").write_bytes(b"short")
    with pytest.raises(AuthorityError, match="damaged") as caught:
        place.wrap(EPOCH, b"a secret", CONTEXT)
    assert not isinstance(caught.value, DestroyedError)


def test_destruction_takes_what_a_power_cut_left_of_the_making(tmp_path: Path) -> None:
    place = files(tmp_path)()
    place.make(EPOCH)
    leftover = tmp_path / "wrapping" / f".{EPOCH}.key.0011"
    leftover.write_bytes(bytes(32))
    place.destroy(EPOCH)
    assert not leftover.exists()


def test_destruction_overwrites_the_file_before_it_goes(tmp_path: Path) -> None:
    place = files(tmp_path)()
    place.make(EPOCH)
    path = tmp_path / "wrapping" / f"{EPOCH}.key"
    descriptor = os.open(path, os.O_RDONLY)
    place.destroy(EPOCH)
    assert os.read(descriptor, 64) == bytes(32)
    os.close(descriptor)


@pytest.mark.hsm
def test_wrong_pin_is_refused_in_a_sentence_without_it() -> None:
    find_softhsm()
    from edge_lpr.authority.pkcs11_wrapping import (  # noqa: PLC0415
        Pkcs11WrappingKeys,
        TokenAddress,
    )

    address = TokenAddress(find_softhsm(), empty_token())
    with pytest.raises(NotAllowedError, match="refuses the PIN") as caught:
        Pkcs11WrappingKeys(address, lambda: "9753")
    assert "9753" not in str(caught.value)


@pytest.mark.hsm
def test_token_that_is_not_there_is_named() -> None:
    find_softhsm()
    from edge_lpr.authority.pkcs11_wrapping import (  # noqa: PLC0415
        Pkcs11WrappingKeys,
        TokenAddress,
    )

    with pytest.raises(AuthorityError, match="no token is called elsewhere"):
        Pkcs11WrappingKeys(TokenAddress(find_softhsm(), "elsewhere"), lambda: PIN)


@pytest.mark.hsm
def test_library_that_is_not_there_is_named(tmp_path: Path) -> None:
    find_softhsm()
    from edge_lpr.authority.pkcs11_wrapping import (  # noqa: PLC0415
        Pkcs11WrappingKeys,
        TokenAddress,
    )

    with pytest.raises(AuthorityError, match=r"missing\.so"):
        Pkcs11WrappingKeys(TokenAddress(tmp_path / "missing.so", "any"), lambda: PIN)


@pytest.mark.hsm
def test_locked_token_names_the_security_officer() -> None:
    find_softhsm()
    from pkcs11 import exceptions  # noqa: PLC0415

    from edge_lpr.authority.pkcs11_wrapping import (  # noqa: PLC0415
        TokenAddress,
        sentence_for,
    )

    # SoftHSM locks no token, so the library's error is made here.
    address = TokenAddress(find_softhsm(), "any")
    error = sentence_for(address, exceptions.PinLocked())
    assert isinstance(error, NotAllowedError)
    assert "security officer" in str(error)


@pytest.mark.hsm
def test_key_cannot_be_read_out_of_the_token() -> None:
    find_softhsm()
    import pkcs11  # noqa: PLC0415
    from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415

    from edge_lpr.authority.pkcs11_wrapping import (  # noqa: PLC0415
        Pkcs11WrappingKeys,
        TokenAddress,
    )

    module, label = find_softhsm(), empty_token()
    place = Pkcs11WrappingKeys(TokenAddress(module, label), lambda: PIN)
    place.make(EPOCH)
    session = place._session
    (key,) = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
    assert key[Attribute.EXTRACTABLE] is False
    assert key[Attribute.SENSITIVE] is True
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        _ = key[Attribute.VALUE]
    place.close()
