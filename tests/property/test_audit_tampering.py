"""A thousand random tamperings of an audit file, every one of which must be found.

Half of them by somebody without the booth's key, half by somebody who has it and signs anew;
against him stands a checkpoint that had left the booth before.
"""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_lpr.audit.export import Export, parse_export
from edge_lpr.audit.verify import State, Verified, verify
from edge_lpr.core.errors import AuditError
from tests.support.audited_booth import AuditedBooth, signed_root
from tests.support.fleet import AUTHORITY

TAMPERINGS = 1_000
Tamper = Callable[[random.Random, list[bytes]], list[bytes]]


def edit(chance: random.Random, lines: list[bytes]) -> list[bytes]:
    """Change one byte of one entry."""
    index = chance.randrange(len(lines))
    line = bytearray(lines[index])
    place = chance.randrange(len(line))
    line[place] ^= chance.choice([1, 2, 4, 8, 16, 32])
    if b"\n" in line:
        line[place] = ord("~")
    return [*lines[:index], bytes(line), *lines[index + 1 :]]


def rewrite(chance: random.Random, lines: list[bytes]) -> list[bytes]:
    """Say another number in one entry, as a person would who hides something."""
    index = chance.choice(
        [i for i, line in enumerate(lines) if b'"publisher_written":40960' in line]
    )
    line = lines[index].replace(b"40960", b"%d" % chance.randrange(40_000))
    return [*lines[:index], line, *lines[index + 1 :]]


def delete(chance: random.Random, lines: list[bytes]) -> list[bytes]:
    """Take one entry out, and number the rest anew."""
    index = chance.randrange(len(lines))
    return renumbered([*lines[:index], *lines[index + 1 :]])


def reorder(chance: random.Random, lines: list[bytes]) -> list[bytes]:
    """Exchange two entries, numbers apart."""
    first, second = sorted(chance.sample(range(len(lines)), 2))
    moved = list(lines)
    moved[first], moved[second] = moved[second], moved[first]
    return renumbered(moved)


def truncate(chance: random.Random, lines: list[bytes]) -> list[bytes]:
    """Cut the end off."""
    return lines[: -chance.randrange(1, len(lines) // 2)]


def insert(chance: random.Random, lines: list[bytes]) -> list[bytes]:
    """Put an entry in, and number the rest anew."""
    index = chance.randrange(len(lines))
    return renumbered([*lines[:index], lines[chance.randrange(len(lines))], *lines[index:]])


def renumbered(lines: list[bytes]) -> list[bytes]:
    return [
        b'{"number":%d,%s' % (number, line.partition(b",")[2])
        for number, line in enumerate(lines, start=1)
    ]


def fork(chance: random.Random, lines: list[bytes]) -> list[bytes]:
    """Go on from somewhere in the middle as if the rest had not been, to the same size."""
    at = chance.randrange(1, len(lines) - 1)
    rest = [line.replace(b'"anna"', b'"nobody"') for line in lines[at:]]
    rest[-1] = rest[-1][:-1] + b',"forked":1}'
    return [*lines[:at], *rest]


TAMPERS = (edit, rewrite, delete, reorder, truncate, insert, fork)


@pytest.fixture(scope="module")
def booth() -> AuditedBooth:
    booth = AuditedBooth()
    booth.start()
    booth.hours(5)
    return booth


def judged(export: Export, *outside: bytes) -> Verified:
    return verify(parse_export(export.content()), AUTHORITY.public_key, outside)


def test_what_was_not_tampered_with_holds(booth: AuditedBooth) -> None:
    verified = judged(booth.export(), booth.checkpoint(), booth.checkpoint(30), booth.checkpoint(1))
    assert {link.state for link in verified.links} == {State.HOLDS}
    assert len(verified.entries) == len(booth.lines)


def is_found(export: Export, *outside: bytes) -> bool:
    """Return whether somebody who verifies notices."""
    try:
        return judged(export, *outside).is_broken
    except AuditError:
        return True


def test_a_thousand_tamperings_are_found(booth: AuditedBooth) -> None:
    export = booth.export()
    outside = booth.checkpoint(), booth.checkpoint(20)
    chance = random.Random(2962)  # noqa: S311 (chance that can be repeated)
    found = dict.fromkeys(["without the key", "with the key"], 0)
    for number in range(TAMPERINGS):
        tamper = TAMPERS[number % len(TAMPERS)]
        lines = tamper(chance, list(export.lines))
        if lines == list(export.lines):
            # Two equal entries changed places; tampering needs a difference.
            lines = tamper(chance, lines[:-1])
        if number % 2:
            changed = replace(
                export, lines=tuple(lines), checkpoint=signed_root(booth.booth, lines)
            )
            # Signed by the booth's own key, the file holds by itself.
            assert is_found(changed, *outside), (number, tamper.__name__)
            found["with the key"] += 1
        else:
            assert is_found(replace(export, lines=tuple(lines))), (number, tamper.__name__)
            found["without the key"] += 1
    assert found == {"without the key": 500, "with the key": 500}


def test_roll_back_to_a_genuine_earlier_state_is_found(booth: AuditedBooth) -> None:
    export = booth.export()
    chance = random.Random(9162)  # noqa: S311
    for _ in range(100):
        size = chance.randrange(1, len(booth.lines))
        lines = tuple(booth.lines[:size])
        old = replace(export, lines=lines, checkpoint=booth.checkpoint(size))
        # By itself it is genuine; only what left the booth later tells.
        assert not judged(old).is_broken
        assert is_found(old, booth.checkpoint())


def test_a_thousand_tamperings_contradict_what_the_server_saw(booth: AuditedBooth) -> None:
    """By somebody with the booth's key and at every size, so that the file holds by itself."""
    export, size = booth.export(), len(booth.lines)
    by_server = [booth.checkpoint(each) for each in range(1, size + 1)]
    chance = random.Random(6962)  # noqa: S311
    undisturbed = verify(export, AUTHORITY.public_key, by_server=by_server)
    assert {link.state for link in undisturbed.links} == {State.HOLDS}
    found = 0
    for number in range(TAMPERINGS):
        tamper = TAMPERS[number % len(TAMPERS)]
        lines = tamper(chance, list(export.lines))
        if lines == list(export.lines):
            lines = tamper(chance, lines[:-1])
        changed = replace(export, lines=tuple(lines), checkpoint=signed_root(booth.booth, lines))
        # What differs first is fixed by the first checkpoint that covers it.
        differs = next(
            (
                place
                for place, pair in enumerate(zip(lines, export.lines, strict=False))
                if pair[0] != pair[1]
            ),
            min(len(lines), size),
        )
        covering = by_server[differs : differs + 1] or by_server[-1:]
        verified = verify(changed, AUTHORITY.public_key, by_server=covering)
        assert any(
            link.name == "kept by the server" and link.state is State.BROKEN
            for link in verified.links
        ), (number, tamper.__name__)
        found += 1
    assert found == TAMPERINGS


def test_every_byte_of_certificate_and_checkpoint_counts(booth: AuditedBooth) -> None:
    export = booth.export()
    for place in range(len(export.certificate)):
        assert is_found(replace(export, certificate=flipped(export.certificate, place))), place
    for place in range(len(export.checkpoint)):
        assert is_found(replace(export, checkpoint=flipped(export.checkpoint, place))), place


def flipped(content: bytes, place: int) -> bytes:
    """Return bytes with one bit of one byte changed."""
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
