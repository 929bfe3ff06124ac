"""Searches an image for secrets: every partition's files, and what a FAT keeps of deleted ones."""

from pathlib import Path

from edge_lpr.system_image.partitions import UNKNOWN, partitions_of, unpack
from edge_lpr.system_image.secret_search import Finding, SecretSearch
from edge_lpr.system_image.tree_search import search_tree


def search_image(image: Path, search: SecretSearch, scratch: Path) -> tuple[list[Finding], int]:
    """Return what must not be in an image.

    Args:
        image: Image of a whole disk.
        search: What is searched for.
        scratch: Empty folder with room for all its files, a gigabyte or two.

    Returns:
        The findings, and how many files were searched: a search that sees nothing finds nothing.

    Raises:
        ImageError: The image cannot be taken apart.
    """
    found = []
    files = 0
    for partition in partitions_of(image):
        if partition.kind != UNKNOWN:
            folder = scratch / f"partition-{partition.number}"
            unpack(image, partition, folder)
            files += sum(path.is_file() for path in folder.rglob("*"))
            for finding in search_tree(folder, search):
                where = f"partition {partition.number}: {finding.where}"
                found.append(Finding(where, finding.form, finding.offset))
        # What was deleted from a FAT is still in it; a slot without an update has no files yet.
        if partition.kind in {"vfat", UNKNOWN}:
            with image.open("rb") as file:
                file.seek(partition.offset)
                raw = file.read(partition.size_bytes)
            found += list(search.search(f"partition {partition.number}, as it lies", raw))
    return found, files
