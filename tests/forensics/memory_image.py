"""The memory of a live process as a file, like a core."""

from pathlib import Path
from typing import Final

from tests.support.memory_search import standing_still

_CHUNK_BYTES: Final = 1 << 20
_NOT_MEMORY: Final = ("[vvar]", "[vsyscall]", "[vvar_vclock]")


def write_memory(process_id: int, file: Path) -> int:
    """Write all that a process could have written into its memory to a file; return its length.

    Chunks in which there is nothing but zeros are left out. The process stands still meanwhile.

    Args:
        process_id: A process that may be looked into.
        file: To make.
    """
    folder = Path("/proc") / str(process_id)
    with (
        standing_still(process_id),
        (folder / "mem").open("rb", buffering=0) as memory,
        file.open("wb") as image,
    ):
        for line in (folder / "maps").read_text().splitlines():
            addresses, permissions, _, _, inode, *_ = line.split()
            # What is mapped from a file and cannot be written is the file, byte for byte.
            is_file = inode != "0" and "w" not in permissions
            if "r" not in permissions or is_file or line.endswith(_NOT_MEMORY):
                continue
            start, end = (int(address, 16) for address in addresses.split("-"))
            for place in range(start, end, _CHUNK_BYTES):
                memory.seek(place)
                try:
                    piece = memory.read(min(_CHUNK_BYTES, end - place))
                except OSError:
                    # The part of a mapped file behind its end.
                    break
                if piece.count(0) != len(piece):
                    image.write(piece)
        return image.tell()
