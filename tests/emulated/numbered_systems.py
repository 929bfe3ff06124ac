"""Many whole systems that differ in the number of their build alone, each made within seconds.

One system is packed with a placeholder for the number, in a file that is not compressed. A squashfs
has no checksum, so the number can be written into a copy.
"""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
IDENTITY: Final = "usr/lib/edge-lpr/image.json"
_PLACEHOLDER: Final = 700_000
_NOT_IN_QEMU: Final = (
    "drivers/media",
    "drivers/iio",
    "drivers/net/wireless",
    "drivers/net/ethernet",
)
"""Kernel modules that no device of the emulated booth needs: less to write for every update."""


class NumberedSystems:
    """Makes systems and their bundles."""

    def __init__(self, folder: Path, squashfs: Path, keys: Path) -> None:
        """Pack the one that all are made from; nothing if an earlier run has.

        Args:
            folder: For everything.
            squashfs: As ``scripts/build_image`` leaves it.
            keys: The folder with ``update-signing``.
        """
        self._folder = folder
        self._keys = keys
        self._base = folder / "base.squashfs"
        folder.mkdir(parents=True, exist_ok=True)
        if self._base.exists():
            return
        root, packed = folder / "root", folder / "base.part"
        shutil.rmtree(root, ignore_errors=True)
        _run("unsquashfs", "-quiet", "-no-progress", "-d", str(root), str(squashfs))
        for module in _NOT_IN_QEMU:
            for found in root.glob(f"usr/lib/modules/*/kernel/{module}"):
                shutil.rmtree(found)
        identity = json.loads((root / IDENTITY).read_text())
        self._rename(root / IDENTITY, identity)
        name = Path(IDENTITY).name
        packed.unlink(missing_ok=True)
        _run(
            *("mksquashfs", str(root), str(packed), "-comp", "gzip", "-Xcompression-level", "1"),
            *("-noappend", "-no-xattrs", "-quiet", "-no-progress"),
            *("-action", f"uncompressed@name({name})", "-action", f"no-fragments@name({name})"),
        )
        shutil.rmtree(root)
        packed.rename(self._base)

    def bundle(self, number: int) -> tuple[Path, dict[str, str | int]]:
        """Return a signed bundle, and what its system is: ``version``, ``sha256``, ``bytes``.

        Args:
            number: The one behind the plus of its version, less than 300,000.
        """
        content = self._base.read_bytes()
        mark = b"+%d" % _PLACEHOLDER
        assert content.count(mark) == 1, "the placeholder is compressed, or not alone"
        content = content.replace(mark, b"+%d" % (_PLACEHOLDER + number))
        packed = self._folder / "numbered.squashfs"
        packed.write_bytes(content)
        out = self._folder / f"bundle-{number}"
        signing = self._keys / "update-signing"
        shutil.rmtree(out, ignore_errors=True)
        _run(
            str(PROJECT / "scripts/build_update"),
            *("--root", str(packed), "--out", str(out)),
            *("--certificate", f"{signing}.crt", "--key", f"{signing}.key"),
        )
        packed.unlink()
        (bundle,) = out.glob("*.raucb")
        version = bundle.stem.rpartition("-")[2]
        return bundle, {"version": version, **digest(content)}

    @staticmethod
    def _rename(file: Path, identity: dict[str, str]) -> None:
        version = f"{identity['version'].partition('+')[0]}+{_PLACEHOLDER}"
        file.write_text(json.dumps({**identity, "version": version}))


def digest(content: bytes) -> dict[str, str | int]:
    """Return how a system is known again: ``sha256``, ``bytes``."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
