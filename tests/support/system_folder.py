"""A folder like the root of a booth's system, small: what ``edge_lpr.system_image`` reads."""

import hashlib
import json
from pathlib import Path

LOCKED_WHEEL = b"a wheel of numpy"
LOCKED = f"""numpy==2.3.1 ; python_version < '3.14' \\
    --hash=sha256:{"0" * 64} \\
    --hash=sha256:{hashlib.sha256(LOCKED_WHEEL).hexdigest()}
"""

_STATUS = """\
Package: libssl3t64
Status: install ok installed
Maintainer: Debian OpenSSL Team <pkg-openssl-devel@alioth-lists.debian.net>
Architecture: amd64
Multi-Arch: same
Source: openssl
Version: 3.5.1-1+deb13u1
Description: Secure Sockets Layer toolkit - shared libraries
 This package is part of the OpenSSL project's implementation.

Package: login
Status: install ok installed
Maintainer: util-linux packagers <util-linux@packages.debian.org>
Architecture: amd64
Source: util-linux (2.41-5)
Version: 1:4.16.0-2+really2.41-5

Package: removed-since
Status: deinstall ok config-files
Maintainer: Nobody <nobody@example.org>
Architecture: all
Version: 1.0
"""


def make_system(root: Path, wheels: Path) -> None:
    """Write the folder, and the wheels that are installed in it."""
    _write(root / "var/lib/dpkg/status", _STATUS)
    _write(root / "usr/lib/os-release", 'ID=debian\nVERSION_ID="13"\nNAME="Debian GNU/Linux"\n')
    image = {"board": "generic-amd64", "version": "0.1.0+1", "compatible": "edge-lpr-generic-amd64"}
    _write(root / "usr/lib/edge-lpr/image.json", json.dumps(image))
    _write(root / "usr/lib/modules/6.12.48+deb13-amd64/modules.dep", "")
    _write(root / "boot/vmlinuz-6.12.48+deb13-amd64", "a kernel")
    packages = root / "opt/edge-lpr/lib/python3.13/site-packages"
    licence = "License-Expression: BSD-3-Clause\n"
    _install(packages, "numpy", "2.3.1", licence)
    _install(packages, "edge_lpr", "0.1.0", "License-Expression: AGPL-3.0-only\n")
    wheels.mkdir()
    (wheels / "numpy-2.3.1-cp313-cp313-manylinux_2_28_x86_64.whl").write_bytes(LOCKED_WHEEL)
    (wheels / "edge_lpr-0.1.0-py3-none-any.whl").write_bytes(b"our own wheel")
    models = packages / "edge_lpr/models"
    _write(models / "reader.onnx", "a network")
    entry = {"sha256": hashlib.sha256(b"a network").hexdigest(), "role": "reader"}
    absent = {"sha256": "0" * 64, "role": "reader-trainable"}
    manifest = {"files": {"reader.onnx": entry, "plate_reader.pth": absent}}
    _write(models / "manifest.json", json.dumps(manifest))
    _write(root / "etc/shadow", "root:!*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n")
    _write(root / "etc/gshadow", "root:*::\nedge-lpr-vision:!*::\nvideo:::\n")
    _write(root / "etc/machine-id", "")


def _install(packages: Path, name: str, version: str, licence: str) -> None:
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{licence}"
    _write(packages / f"{name}-{version}.dist-info/METADATA", metadata)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
