"""Updates of an emulated booth, good ones and bad ones, made from the system of its image.

Each bad one is a real system, signed with the right key, that fails in one way; or a good one that
was tampered with on the way.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_lpr import __version__

PROJECT: Final = Path(__file__).parents[2]
UNITS: Final = "usr/lib/systemd/system"


def _drop_in(unit: str, text: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        folder = root / UNITS / f"{unit}.d"
        folder.mkdir(exist_ok=True)
        (folder / "zz-bad.conf").write_text(text)

    return change


def _nothing(_: Path) -> None:
    pass


def _no_broker(root: Path) -> None:
    """A firewall that lets the publisher reach nobody."""
    rules = root / "etc/nftables.conf"
    kept = [line for line in rules.read_text().splitlines(keepends=True) if "@broker" not in line]
    rules.write_text("".join(kept))


CHANGES: Final[dict[str, Callable[[Path], None]]] = {
    "good": _nothing,
    "no camera": _drop_in(
        "edge-lpr-vision.service", "[Service]\nInaccessiblePaths=-/run/edge-lpr-lane\n"
    ),
    "no broker": _no_broker,
    # Ten seconds of work, and again: longer than systemd's own limit on starts notices.
    "crash loop": _drop_in("edge-lpr-tokeniser.service", "[Service]\nRuntimeMaxSec=10\n"),
    # Everything but systemd and the kernel stands still, the gate too. (Where these two stand, the
    # hardware's watchdog bites.)
    "hang": _drop_in(
        "edge-lpr-health-gate.service",
        "[Service]\nExecStartPre=/bin/sh -c 'kill -STOP -1; kill -STOP $$$$'\n",
    ),
}
"""How each bad system differs from the good one."""


class UpdateMaker:
    """Makes bundles from one system."""

    def __init__(self, squashfs: Path, keys: Path, folder: Path) -> None:
        """Unpack the system.

        Args:
            squashfs: As ``scripts/build_image`` leaves it.
            keys: The folder with ``update-signing``.
            folder: For everything.
        """
        self._keys = keys
        self._folder = folder
        self._root = folder / "root"
        self._squashfs = squashfs

    def make(self, kind: str, build: int, keys: Path | None = None) -> Path:
        """Return a signed bundle.

        Args:
            kind: A key of ``CHANGES``.
            build: The number behind the plus of its version.
            keys: Another folder with ``update-signing``.
        """
        shutil.rmtree(self._root, ignore_errors=True)
        self._run(
            "unsquashfs", "-quiet", "-no-progress", "-d", str(self._root), str(self._squashfs)
        )
        identity_file = self._root / "usr/lib/edge-lpr/image.json"
        identity = json.loads(identity_file.read_text())
        identity["version"] = f"{identity['version'].partition('+')[0]}+{build}"
        identity_file.write_text(json.dumps(identity))
        CHANGES[kind](self._root)
        packed = self._folder / "packed.squashfs"
        options = ("-comp", "gzip", "-Xcompression-level", "1", "-noappend", "-no-xattrs", "-quiet")
        self._run("mksquashfs", str(self._root), str(packed), *options, "-no-progress")
        signing = (keys or self._keys) / "update-signing"
        out = self._folder / f"{kind.replace(' ', '-')}-{build}"
        self._run(
            str(PROJECT / "scripts/build_update"),
            *("--root", str(packed), "--out", str(out)),
            *("--certificate", f"{signing}.crt", "--key", f"{signing}.key"),
        )
        (bundle,) = out.glob("*.raucb")
        return bundle

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            ["/usr/bin/nice", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def damaged(bundle: Path) -> Path:
    """Return a copy of which one block in the middle was changed."""
    copy = bundle.with_name("damaged.raucb")
    with bundle.open("rb") as source, copy.open("wb") as target:
        half = bundle.stat().st_size // 2
        target.write(source.read(half))
        target.write(bytes(each ^ 1 for each in source.read(1)))
        while block := source.read(1 << 20):
            target.write(block)
    return copy


def small_bundle(folder: Path, build: int, keys: Path) -> Path:
    """Return a signed bundle of a system that is nothing but its name: for who refuses it unread.

    Args:
        folder: Made; everything lies in it.
        build: The number behind the plus of its version.
        keys: The folder with ``update-signing``.
    """
    identity = folder / "root/usr/lib/edge-lpr/image.json"
    identity.parent.mkdir(parents=True)
    compatible = "edge-lpr-generic-amd64"
    version = f"{__version__}+{build}"
    identity.write_text(json.dumps({"compatible": compatible, "version": version}))
    # RAUC makes no bundle of a single page.
    identity.with_name("ballast").write_bytes(os.urandom(65_536))
    packed = folder / "small.squashfs"
    signing = keys / "update-signing"
    for command in (
        ("mksquashfs", str(folder / "root"), str(packed), "-quiet", "-no-progress"),
        (
            str(PROJECT / "scripts/build_update"),
            *("--root", str(packed), "--out", str(folder)),
            *("--certificate", f"{signing}.crt", "--key", f"{signing}.key"),
        ),
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    (bundle,) = folder.glob("*.raucb")
    return bundle
