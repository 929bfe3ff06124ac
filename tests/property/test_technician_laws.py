"""Laws of technicians: who was not certified is nobody, and what is no word is none."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.certificates.technician_certificate import (
    PERSON_PATTERN,
    Technician,
    issue_technician_certificate,
    principal_of,
    public_line,
    read_technician_certificate,
    read_technician_key,
)
from edge_lpr.core.errors import InputRefusedError
from edge_lpr.technician.words import WORDS, word_of

CA = Ed25519PrivateKey.generate()
KEY = Ed25519PrivateKey.generate().public_key()
HERE = frozenset({principal_of("north"), principal_of("north/booth-1")})
NOW_S = 1_767_268_800
LINE = issue_technician_certificate(
    Technician("anna", 7), KEY, ("north",), (NOW_S, NOW_S + 3600), CA
)
places = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}(/[a-z0-9][a-z0-9-]{0,31})?", fullmatch=True)


@given(
    name=st.from_regex(PERSON_PATTERN, fullmatch=True),
    serial=st.integers(0, 2**64 - 1),
    there=st.lists(places, min_size=1, max_size=32, unique=True).map(tuple),
)
def test_a_certificate_says_who_was_certified_wherever_it_is_good(
    name: str, serial: int, there: tuple[str, ...]
) -> None:
    technician = Technician(name, serial)
    line = issue_technician_certificate(technician, KEY, there, (NOW_S, NOW_S + 1), CA)
    ca = public_line(CA.public_key())
    here = frozenset(map(principal_of, there[:1]))
    assert read_technician_certificate(line, ca, here) == technician


@given(at=st.integers(0, len(LINE) - 1), character=st.characters(codec="ascii"))
def test_changed_certificate_names_nobody_else(at: int, character: str) -> None:
    changed = LINE[:at] + character + LINE[at + 1 :]
    try:
        read = read_technician_certificate(changed, public_line(CA.public_key()), HERE)
    except InputRefusedError:
        return
    assert read == Technician("anna", 7)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda octets: octets.decode("latin-1")))
def test_garbage_is_refused_and_nothing_else_happens(garbage: str) -> None:
    for text in (garbage, f"ssh-ed25519 {garbage}", f"ssh-ed25519-cert-v01@openssh.com {garbage}"):
        for read in (
            lambda line: read_technician_certificate(line, public_line(CA.public_key()), HERE),
            read_technician_key,
        ):
            try:
                read(text)
            except InputRefusedError:
                continue
            raise AssertionError(text)


@given(st.text() | st.sampled_from([word.name for word in WORDS]).map(lambda name: f"{name}\n"))
def test_what_is_no_word_is_none(command: str) -> None:
    names = {word.name for word in WORDS} | {""}
    assert (word_of(command) is not None) == (command in names)
