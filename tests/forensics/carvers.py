"""What investigators and thieves bring pictures back with: foremost, scalpel, photorec."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

CARVERS: Final = ("foremost", "scalpel", "photorec")
PACKAGES: Final = ("foremost", "scalpel", "testdisk")
"""Debian's packages of them, in the same order."""

_LIMIT_S: Final = 1200

_SCALPEL_RULES: Final = r"""
gif y 5000000   \x47\x49\x46\x38\x37\x61        \x00\x3b
gif y 5000000   \x47\x49\x46\x38\x39\x61        \x00\x3b
jpg y 20000000  \xff\xd8\xff???                 \xff\xd9
png y 20000000  \x50\x4e\x47?                   \xff\xfc\xfd\xfe
png y 20000000  \x89\x50\x4e\x47\x0d\x0a\x1a\x0a \x49\x45\x4e\x44\xae\x42\x60\x82
bmp y 5000000   BM??\x00\x00\x00
tif y 20000000  \x49\x49\x2a\x00
tif y 20000000  \x4d\x4d\x00\x2a
avi y 20000000  RIFF????AVI
webp y 5000000  RIFF????WEBP
mov y 10000000  ????moov
mpg y 20000000  \x00\x00\x01\xba                \x00\x00\x01\xb9
"""
"""Debian's file has every rule commented out. These are its rules for pictures and videos, and some
more."""


def missing() -> list[str]:
    """Return the Debian packages that are missing."""
    return [
        package
        for program, package in zip(CARVERS, PACKAGES, strict=True)
        if shutil.which(program) is None
    ]


def carve(evidence: Path, into: Path) -> Iterator[tuple[str, Path]]:
    """Let each program bring back what it can.

    Args:
        evidence: A file with anything in it.
        into: Folder, made for it.

    Yields:
        Program, and a file that it brought back.
    """
    into.mkdir()
    for program, command in _COMMANDS.items():
        folder = into / program
        # photorec makes folders of its own beside the one that it is told.
        subprocess.run(
            command(evidence, folder),
            check=True,
            capture_output=True,
            timeout=_LIMIT_S,
            cwd=into,
            stdin=subprocess.DEVNULL,
        )
        for found in sorted(into.glob(f"{program}*")):
            for file in sorted(found.rglob("*")):
                if file.is_file() and file.name not in ("audit.txt", "report.xml"):
                    yield program, file


def _foremost(evidence: Path, folder: Path) -> list[str]:
    return ["foremost", "-t", "all", "-i", str(evidence), "-o", str(folder)]


def _scalpel(evidence: Path, folder: Path) -> list[str]:
    rules = folder.with_name("rules.conf")
    rules.write_text(_SCALPEL_RULES)
    return ["scalpel", "-c", str(rules), "-o", str(folder), str(evidence)]


def _photorec(evidence: Path, folder: Path) -> list[str]:
    orders = "partition_none,options,paranoid,fileopt,everything,enable,wholespace,search"
    return ["photorec", "/d", str(folder), "/cmd", str(evidence), orders]


_COMMANDS: Final[dict[str, Callable[[Path, Path], list[str]]]] = {
    "foremost": _foremost,
    "scalpel": _scalpel,
    "photorec": _photorec,
}
