"""Updates of an emulated booth, good ones and bad ones, made from the system of its image.

Each bad one is a real system, signed with the right key, that fails in one way; or a good one that
was tampered with on the way.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_lpr import __version__

PROJECT: Final = Path(__file__).parents[2]
IDENTITY: Final = "usr/lib/edge-lpr/image.json"
FIREWALL: Final = "etc/nftables.conf"

_UNITS: Final = "usr/lib/systemd/system"
_DROP_IN_BYTES: Final = 200
_BUILD: Final = b'+700000"'
"""Stands in the packed system for the number of its build; a shorter one is followed by spaces."""


def _drop_in(unit: str, text: str) -> Callable[[bytes], bytes]:
    """Return what puts lines into the empty drop-in that the packed system has for the unit."""

    def change(content: bytes) -> bytes:
        empty = _empty_drop_in(unit)
        assert content.count(empty) == 1, f"the drop-in of {unit} is compressed, or missing"
        return content.replace(empty, text.encode().ljust(_DROP_IN_BYTES))

    return change


def _empty_drop_in(unit: str) -> bytes:
    return f"# {unit}: ".encode().ljust(_DROP_IN_BYTES, b"#")


def _no_broker(content: bytes) -> bytes:
    """A firewall that lets the publisher reach nobody."""
    pattern = rb"(?m)^( *)meta( skuid \"edge-lpr-publisher\" .*@broker.*)$"
    changed, count = re.subn(pattern, rb"\1#eta\2", content)
    assert count > 0, "the firewall's rules are compressed, or others"
    return changed


def _nothing(content: bytes) -> bytes:
    return content


CHANGES: Final[dict[str, Callable[[bytes], bytes]]] = {
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
"""How each bad system differs from the good one; in place, so that it stays as long."""

_CHANGED_UNITS: Final = (
    "edge-lpr-vision.service",
    "edge-lpr-tokeniser.service",
    "edge-lpr-health-gate.service",
)


class UpdateMaker:
    """Makes bundles from one system, which is packed once.

    What differs is not compressed in it. A squashfs has no checksum, so each system is a copy with
    some bytes changed, made within seconds.
    """

    def __init__(self, squashfs: Path, keys: Path, folder: Path) -> None:
        """Pack the system that all are made from; what lies in the folder is not made again.

        Args:
            squashfs: As ``scripts/build_image`` leaves it.
            keys: The folder with ``update-signing``.
            folder: For everything; a third of a gigabyte for each bundle.
        """
        self._keys = keys
        self._folder = folder
        self._base = folder / "base.squashfs"
        if self._base.exists():
            return
        root, part = folder / "root", folder / "base.part"
        shutil.rmtree(root, ignore_errors=True)
        _run("unsquashfs", "-quiet", "-no-progress", "-d", str(root), str(squashfs))
        identity = json.loads((root / IDENTITY).read_text())
        identity["version"] = f"{identity['version'].partition('+')[0]}{_BUILD.decode()[:-1]}"
        (root / IDENTITY).write_text(json.dumps(identity))
        for unit in _CHANGED_UNITS:
            drop_in = root / _UNITS / f"{unit}.d" / "zz-bad.conf"
            drop_in.parent.mkdir(exist_ok=True)
            drop_in.write_bytes(_empty_drop_in(unit))
        options = ["-comp", "gzip", "-Xcompression-level", "1", "-noappend", "-no-xattrs", "-quiet"]
        for name in ("zz-bad.conf", Path(IDENTITY).name, Path(FIREWALL).name):
            options += ["-action", f"uncompressed@name({name})"]
            options += ["-action", f"no-fragments@name({name})"]
        _run("mksquashfs", str(root), str(part), *options, "-no-progress")
        shutil.rmtree(root)
        part.rename(self._base)

    def make(self, kind: str, build: int, keys: Path | None = None) -> Path:
        """Return a signed bundle.

        Args:
            kind: A key of ``CHANGES``.
            build: The number behind the plus of its version.
            keys: Another folder with ``update-signing``.
        """
        signing = (keys or self._keys) / "update-signing"
        out = self._folder / f"{kind.replace(' ', '-')}-{build}-{signing.parent.name}"
        for bundle in out.glob("*.raucb"):
            return bundle
        content = self._base.read_bytes()
        assert content.count(_BUILD) == 1, "the version is compressed, or not alone"
        number = (b'+%d"' % build).ljust(len(_BUILD))
        content = CHANGES[kind](content.replace(_BUILD, number))
        assert len(content) == self._base.stat().st_size
        packed = self._folder / "packed.squashfs"
        packed.write_bytes(content)
        _run(
            str(PROJECT / "scripts/build_update"),
            *("--root", str(packed), "--out", str(out)),
            *("--certificate", f"{signing}.crt", "--key", f"{signing}.key"),
        )
        packed.unlink()
        (bundle,) = out.glob("*.raucb")
        return bundle


def _run(*command: str) -> None:
    done = subprocess.run(["/usr/bin/nice", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def damaged(bundle: Path) -> Path:
    """Return a copy of which one block in the middle was changed."""
    copy = bundle.with_suffix(".damaged")
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
