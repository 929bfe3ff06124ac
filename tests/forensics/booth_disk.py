"""The one disk that a booth's processes can write to: an ext4 file system in an image of ours.

Works in a mount namespace of its own, as root (``unshare --mount``): everything else that is
mounted becomes read-only there, so what a process writes is on the disk or nowhere.
"""

import subprocess
from pathlib import Path
from typing import Final

MOUNT: Final = Path("/mnt")
"""Where all of it lies; nobody outside of the namespace sees it."""

SCRATCH: Final = MOUNT / "scratch"
"""The laboratory's own files: the lane, the capture, what carvers find. Not on the disk."""

DISK: Final = MOUNT / "disk"
"""The booth's disk: state, /run, temporary files, logs, shared memory."""

_DISK_MIB: Final = 96
_NOT_FILES: Final = ("/proc", "/sys", str(MOUNT))
"""What is left as it is: no file lies there that stays."""


def make_disk(scratch: Path) -> Path:
    """Make the disk and mount it; make everything else read-only.

    Args:
        scratch: Folder of the laboratory, which appears as ``SCRATCH`` too.

    Returns:
        The image of the disk.

    Raises:
        subprocess.CalledProcessError: It may not be mounted here.
    """
    image = SCRATCH / "booth.img"
    _run("mount", "-t", "tmpfs", "-o", "size=1m", "forensics", str(MOUNT))
    for folder in (SCRATCH, DISK):
        folder.mkdir()
    _run("mount", "--bind", str(scratch), str(SCRATCH))
    with image.open("wb") as file:
        file.truncate(_DISK_MIB << 20)
    _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,nodiscard", str(image))
    # Without discard what is deleted stays, as on a card: the thief's better case.
    _run("mount", "-o", "loop,nodiscard", str(image), str(DISK))
    for name in ("tmp", "shm", "home"):
        (DISK / name).mkdir()
    _run("mount", "--bind", str(DISK / "shm"), "/dev/shm")  # noqa: S108 (it is hidden)
    return image


def make_the_rest_read_only() -> list[str]:
    """Make every other mount read-only; return those that could not be."""
    refused = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = line.split()[4].replace("\\040", " ")
        if place.startswith((*_NOT_FILES, "/dev/shm")):  # noqa: S108
            continue
        done = subprocess.run(
            ["/usr/bin/mount", "-o", "remount,bind,ro", place], capture_output=True, check=False
        )
        if done.returncode:
            refused.append(place)
    return refused


def take_out_disk() -> None:
    """Unmount the disk, so that the image holds all of it."""
    _run("umount", "/dev/shm")  # noqa: S108
    _run("umount", str(DISK))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
