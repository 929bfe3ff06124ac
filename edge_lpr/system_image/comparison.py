"""Says in which files two images differ, where two builds of one commit should be the same."""

import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_lpr.system_image.installed import digest_of
from edge_lpr.system_image.partitions import UNKNOWN, partitions_of, unpack


def image_differences(one: Path, other: Path) -> Iterator[str]:
    """Yield in what two images differ, a line each; nothing if they are the same, byte for byte.

    Args:
        one: Image of a whole disk.
        other: Another one.

    Raises:
        ImageError: One of them is no image.
    """
    if digest_of(one) == digest_of(other):
        return
    tables = [partitions_of(image) for image in (one, other)]
    if tables[0] != tables[1]:
        yield f"partition tables: {tables[0]} and {tables[1]}"
        return
    said = False
    for partition in tables[0]:
        if partition.kind == UNKNOWN:
            continue
        with TemporaryDirectory() as scratch:
            folders = [Path(scratch, name) for name in ("one", "other")]
            for image, folder in zip((one, other), folders, strict=True):
                unpack(image, partition, folder)
            for line in tree_differences(*folders):
                said = True
                yield f"partition {partition.number}: {line}"
    if not said:
        yield "no file differs: what lies between them does, or their order or packing"


def tree_differences(one: Path, other: Path) -> Iterator[str]:
    """Yield in what two folders differ: names, kinds, modes, owners, times, links, contents.

    Args:
        one: A folder.
        other: Another one.
    """
    sides = [{path.relative_to(root): path for path in root.rglob("*")} for root in (one, other)]
    for name in sorted(sides[0].keys() | sides[1].keys()):
        paths = [side.get(name) for side in sides]
        if paths[0] is None or paths[1] is None:
            yield f"{name}: only in the {'second' if paths[0] is None else 'first'}"
            continue
        facts = [_facts(path) for path in paths if path is not None]
        differing = [key for key, value in facts[0].items() if facts[1].get(key) != value]
        if differing:
            yield f"{name}: {', '.join(differing)}"


def _facts(path: Path) -> dict[str, object]:
    """Return all of a file that two builds must have alike."""
    status = path.lstat()
    facts: dict[str, object] = {
        "mode": status.st_mode,
        "owner": (status.st_uid, status.st_gid),
        "time": int(status.st_mtime),
    }
    if stat.S_ISREG(status.st_mode):
        facts["content"] = digest_of(path)
    elif stat.S_ISLNK(status.st_mode):
        facts["link"] = path.readlink()
    return facts
