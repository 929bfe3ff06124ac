"""A credential that systemd hands over by an access list is read; a list for others is not."""

import os
import struct
from pathlib import Path

import pytest

from edge_lpr.core.errors import KeyFileError
from edge_lpr.core.secret_file import read_secret_file

OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
NOBODY = 0xFFFF_FFFF
READ = 4


def _file(folder: Path, *entries: tuple[int, int, int]) -> Path:
    path = folder / "sealing-key"
    path.write_bytes(b"secret")
    path.chmod(0o600)
    content = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", content)
    except OSError as error:
        pytest.skip(f"this file system has no access lists ({error.strerror})")
    return path


def _as_systemd_does(user: int) -> tuple[tuple[int, int, int], ...]:
    return (
        (OWNER, READ, NOBODY),
        (USER, READ, user),
        (GROUP, 0, NOBODY),
        (MASK, READ, NOBODY),
        (OTHERS, 0, NOBODY),
    )


def test_file_that_a_list_gives_to_this_user_is_read(tmp_path: Path) -> None:
    path = _file(tmp_path, *_as_systemd_does(os.geteuid()))
    assert path.stat().st_mode & 0o777 == 0o440
    assert read_secret_file(path, 100) == b"secret"


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(_as_systemd_does(os.geteuid() + 1), id="another user"),
        pytest.param(
            (
                (OWNER, READ, NOBODY),
                (USER, READ, os.geteuid()),
                (USER, READ, os.geteuid() + 1),
                (GROUP, 0, NOBODY),
                (MASK, READ, NOBODY),
                (OTHERS, 0, NOBODY),
            ),
            id="another user too",
        ),
        pytest.param(
            (
                (OWNER, READ, NOBODY),
                (USER, READ, os.geteuid()),
                (GROUP, READ, NOBODY),
                (MASK, READ, NOBODY),
                (OTHERS, 0, NOBODY),
            ),
            id="the group",
        ),
        pytest.param(
            (
                (OWNER, READ, NOBODY),
                (GROUP, 0, NOBODY),
                (NAMED_GROUP, READ, 12_345),
                (MASK, READ, NOBODY),
                (OTHERS, 0, NOBODY),
            ),
            id="another group",
        ),
        pytest.param(
            (
                (OWNER, READ, NOBODY),
                (USER, READ, os.geteuid()),
                (GROUP, 0, NOBODY),
                (MASK, READ, NOBODY),
                (OTHERS, READ, NOBODY),
            ),
            id="everybody",
        ),
    ],
)
def test_file_that_a_list_gives_to_others_is_refused(
    tmp_path: Path, entries: tuple[tuple[int, int, int], ...]
) -> None:
    with pytest.raises(KeyFileError, match="others can reach it"):
        read_secret_file(_file(tmp_path, *entries), 100)
