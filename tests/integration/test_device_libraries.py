"""Nothing that a booth loads needs memory that is both written and run.

The units forbid it (MemoryDenyWriteExecute=), and the loader would fail.
"""

import importlib.metadata
import re
import struct
from pathlib import Path

import pytest

from tests.support.elf import (
    DF_TEXTREL,
    DT_FLAGS,
    DT_TEXTREL,
    PF_W,
    PF_X,
    PT_DYNAMIC,
    PT_GNU_STACK,
    PT_LOAD,
    writable_code,
)

DEVICE = Path(__file__).parents[2] / "requirements" / "device.txt"
PF_R = 4
TEXTREL = struct.pack("<qQ", DT_TEXTREL, 0)
FLAGS = struct.pack("<qQ", DT_FLAGS, DF_TEXTREL)


def device_libraries() -> list[Path]:
    """Return every shared library of the packages that a booth gets and this Python has."""
    names = set(re.findall(r"^([a-z0-9-]+)==", DEVICE.read_text(), re.MULTILINE))
    files = [
        Path(str(distribution.locate_file(file)))
        for distribution in importlib.metadata.distributions()
        if distribution.name.lower().replace("_", "-") in names
        for file in distribution.files or ()
    ]
    return [file for file in files if ".so" in file.suffixes]


def test_no_library_of_a_booth_needs_memory_that_is_written_and_run() -> None:
    libraries = device_libraries()
    packages = {library.relative_to(library.parents[-1]).as_posix() for library in libraries}
    for expected in ("onnxruntime", "cv2", "numpy", "cryptography", "_argon2", "pydantic_core"):
        assert any(expected in package for package in packages), expected
    faults = [f"{library}: {fault}" for library in libraries for fault in writable_code(library)]
    assert faults == []


def library_of(*segments: tuple[int, int], dynamic: bytes = b"") -> bytes:
    """Return an ELF file that has these segments (kind, flags) and nothing else."""
    start = 64
    place = start + 56 * len(segments)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01", 3, 62, 1, 0, start, 0, 0, 64, 56, len(segments), 0, 0, 0,
    )  # fmt: skip
    table = b"".join(
        struct.pack("<IIQQQQQQ", kind, flags, place, 0, 0, len(dynamic), len(dynamic), 8)
        for kind, flags in segments
    )
    return header + table + dynamic


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (library_of((PT_GNU_STACK, PF_R | PF_W)), None),
        (library_of((PT_GNU_STACK, PF_R | PF_W | PF_X)), "executable stack"),
        (library_of((PT_LOAD, PF_R | PF_X)), "executable stack"),
        (library_of((PT_GNU_STACK, PF_R), (PT_LOAD, PF_R | PF_W | PF_X)), "written and run"),
        (
            library_of((PT_GNU_STACK, PF_R), (PT_DYNAMIC, PF_R), dynamic=TEXTREL),
            "text relocations",
        ),
        (
            library_of((PT_GNU_STACK, PF_R), (PT_DYNAMIC, PF_R), dynamic=FLAGS),
            "text relocations",
        ),
        (b"MZ no such file", "no 64-bit"),
    ],
)  # fmt: skip
def test_each_way_to_ask_for_such_memory_is_found(
    content: bytes, fault: str | None, tmp_path: Path
) -> None:
    library = tmp_path / "library.so"
    library.write_bytes(content)
    found = list(writable_code(library))
    assert len(found) == (0 if fault is None else 1)
    assert fault is None or fault in found[0]
