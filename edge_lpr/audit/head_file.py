"""Size and root of the log, where the tokeniser reads them to sign them."""

from pathlib import Path
from typing import Final

HEAD_FILE: Final = Path("/run/edge-lpr/audit/head")
"""In memory; root writes it, everybody may read it: it holds a number and a hash."""

_PUBLIC: Final = 0o644


def write_head(path: Path, head: tuple[int, bytes]) -> None:
    """Write size and root, whole or not at all.

    Args:
        path: The file.
        head: Of the log.

    Raises:
        OSError: The folder takes no file.
    """
    size, root = head
    new = path.with_name(f"{path.name}.new")
    new.write_text(f"{size} {root.hex()}\n", encoding="ascii")
    new.chmod(_PUBLIC)
    new.replace(path)
