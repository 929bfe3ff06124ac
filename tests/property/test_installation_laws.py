"""Laws of the installer's answers."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.dumping import dump_installation
from edge_lpr.installation.model import Installation
from edge_lpr.installation.reading import parse_installation
from tests.support.answers import installations


@given(answers=installations())
def test_what_is_written_is_read_as_the_same(answers: Installation) -> None:
    text = dump_installation(answers)
    assert parse_installation(text.encode(), "file") == answers
    assert parse_installation(text.replace("\n", "\r\n").encode("utf-8-sig"), "file") == answers


@given(untrusted_bytes=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_garbage_is_refused_in_words(untrusted_bytes: bytes) -> None:
    with contextlib.suppress(InstallationError):
        parse_installation(untrusted_bytes, "file")
