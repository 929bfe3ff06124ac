"""What an ELF file asks of the loader: memory that is written and run (64-bit little-endian only).

Source:
    elf(5); the constants are those of ``elf.h``.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER: Final = struct.Struct("<IIQQQQQQ")
_DYNAMIC_ENTRY: Final = struct.Struct("<qQ")

_64_BIT_LITTLE_ENDIAN: Final = b"\x7fELF\x02\x01"
PT_LOAD: Final = 1
PT_DYNAMIC: Final = 2
PT_GNU_STACK: Final = 0x6474E551
PF_X: Final = 1
PF_W: Final = 2
DT_TEXTREL: Final = 22
DT_FLAGS: Final = 30
DF_TEXTREL: Final = 4


def writable_code(file: Path) -> Iterator[str]:
    """Yield why a library would not load where memory may not be both written and run."""
    content = file.read_bytes()
    if content[:6] != _64_BIT_LITTLE_ENDIAN:
        yield "no 64-bit little-endian ELF file"
        return
    header = _HEADER.unpack_from(content)
    start, size, number = header[5], header[9], header[10]
    programs = [
        _PROGRAM_HEADER.unpack_from(content, start + size * index) for index in range(number)
    ]
    stacks = [flags for kind, flags, *_ in programs if kind == PT_GNU_STACK]
    if not stacks or any(flags & PF_X for flags in stacks):
        # Without a word about it the loader may make the stack executable.
        yield "asks for an executable stack"
    for kind, flags, offset, _, _, file_bytes, _, _ in programs:
        if kind == PT_LOAD and flags & PF_W and flags & PF_X:
            yield "has a segment that is written and run"
        if kind == PT_DYNAMIC and _has_text_relocations(content[offset : offset + file_bytes]):
            yield "has text relocations"


def _has_text_relocations(dynamic: bytes) -> bool:
    whole = len(dynamic) - len(dynamic) % _DYNAMIC_ENTRY.size
    return any(
        tag == DT_TEXTREL or (tag == DT_FLAGS and value & DF_TEXTREL)
        for tag, value in _DYNAMIC_ENTRY.iter_unpack(dynamic[:whole])
    )
