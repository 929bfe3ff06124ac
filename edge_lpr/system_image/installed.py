"""Reads from a system's folder what is installed: Debian's packages, Python's, kernels, models."""

import hashlib
import importlib.metadata
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import ImageError

OWN_PACKAGE: Final = "edge-lpr"
"""The one Python package that no index gave."""

_DPKG_STATUS: Final = Path("var/lib/dpkg/status")
_PYTHON_PACKAGES: Final = "opt/edge-lpr/lib/python3.*/site-packages"
_MODULES: Final = Path("usr/lib/modules")
_SOURCE: Final = re.compile(r"(?P<name>\S+)(?: \((?P<version>[^)]+)\))?")
"""``Source:`` of a package: a name, and a version where it differs from the package's."""

_LOCKED: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)")
_DIGEST: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """A package that ``dpkg`` calls installed."""

    name: str
    """Of the binary package."""
    version: str
    """With epoch and revision."""
    architecture: str
    """Such as ``amd64`` or ``all``."""
    source: str
    """Name of the source package: Debian's security advisories speak of these."""
    source_version: str
    """Its version."""
    maintainer: str
    """Who made the package, without the address."""


@dataclass(frozen=True, slots=True)
class PythonPackage:
    """A package of the booth's own Python environment."""

    name: str
    """Lower case, with hyphens."""
    version: str
    """As the package gives it."""
    licence: str | None
    """SPDX expression, where the package states one (PEP 639)."""
    wheel_sha256: str
    """Digest of the wheel it was installed from, hexadecimal."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A Linux kernel whose modules are there."""

    version: str
    """As ``uname -r`` gives it."""
    sha256: str | None
    """Digest of ``/boot/vmlinuz-VERSION``, or of ``/boot/vmlinuz`` where there is but one,
    hexadecimal; None where the kernel lies elsewhere."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of our own networks."""

    name: str
    """File name in the folder of models."""
    role: str
    """What it is for, in the manifest's word."""
    sha256: str
    """Digest, hexadecimal; the manifest's and the file's."""


@dataclass(frozen=True, slots=True)
class Installed:
    """All of a system that has a name and a version."""

    debian: tuple[DebianPackage, ...]
    """By name and architecture."""
    python: tuple[PythonPackage, ...]
    """By name."""
    kernels: tuple[Kernel, ...]
    """By version."""
    models: tuple[ModelFile, ...]
    """By name."""


def read_installed(root: Path, wheels: Sequence[Path], locked: str) -> Installed:
    """Read what is installed in a system's folder.

    Args:
        root: The system's root, as a folder of this machine.
        wheels: Folders of the wheels that were installed in it.
        locked: Text of ``requirements/device.txt``; every wheel but our own must be one of its.

    Returns:
        Everything found, sorted.

    Raises:
        ImageError: A list is missing, a package came from a wheel that is not locked, or a model is
            not the one in its manifest.
    """
    return Installed(
        debian=tuple(_read_debian(root / _DPKG_STATUS)),
        python=tuple(_read_python(root, wheels, locked)),
        kernels=tuple(_read_kernels(root)),
        models=tuple(_read_models(root)),
    )


def _read_debian(status: Path) -> list[DebianPackage]:
    """Return what the list of ``dpkg`` calls installed."""
    try:
        text = status.read_text(encoding="utf-8")
    except OSError as error:
        raise ImageError(
            f"{status}: cannot be read; name the root of a Debian system that still has its lists"
        ) from error
    found = []
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): ?(.*)$", stanza, re.MULTILINE))
        if fields.get("Status") != "install ok installed":
            continue
        source = _SOURCE.match(fields.get("Source") or fields["Package"])
        if source is None:
            raise ImageError(f"{status}: {fields['Package']} names its source in an unknown way")
        found.append(
            DebianPackage(
                name=fields["Package"],
                version=fields["Version"],
                architecture=fields["Architecture"],
                source=source["name"],
                source_version=source["version"] or fields["Version"],
                maintainer=fields.get("Maintainer", "").partition(" <")[0],
            )
        )
    return sorted(found, key=lambda package: (package.name, package.architecture))


def _read_python(root: Path, wheels: Sequence[Path], locked: str) -> list[PythonPackage]:
    """Return the packages of ``/opt/edge-lpr``, each with the digest of its wheel."""
    digests = _wheel_digests(wheels)
    allowed = _locked_digests(locked)
    found = []
    for distribution in _distributions(root):
        name = normal_name(distribution.metadata["Name"])
        key = (name, distribution.version)
        if key not in digests:
            raise ImageError(
                f"no wheel of {name} {distribution.version} is in {', '.join(map(str, wheels))}, "
                "and it is installed; install from these folders alone"
            )
        if name != OWN_PACKAGE and digests[key] not in allowed.get(key, ()):
            raise ImageError(
                f"{name} {distribution.version} was installed from a wheel that is not in "
                "requirements/device.txt; build the image from an empty folder"
            )
        (licence, *_) = distribution.metadata.get_all("License-Expression") or [None]
        found.append(PythonPackage(name, distribution.version, licence, digests[key]))
    if OWN_PACKAGE not in {package.name for package in found}:
        raise ImageError(f"{root}: {OWN_PACKAGE} is not installed in /opt/edge-lpr")
    return sorted(found, key=lambda package: package.name)


def _distributions(root: Path) -> Iterable[importlib.metadata.Distribution]:
    """Return what is installed in the booth's own environment."""
    folders = [str(folder) for folder in sorted(root.glob(_PYTHON_PACKAGES))]
    return importlib.metadata.distributions(path=folders)


def _wheel_digests(folders: Sequence[Path]) -> dict[tuple[str, str], str]:
    """Return the digest of each wheel of some folders, by name and version."""
    found: dict[tuple[str, str], str] = {}
    for wheel in sorted(file for folder in folders for file in folder.glob("*.whl")):
        name, version, *_ = wheel.name.split("-")
        key = (normal_name(name), version)
        if key in found:
            raise ImageError(
                f"{wheel}: there is another wheel of {name} {version}, and which one is installed "
                "nobody can say; empty the folder and build again"
            )
        found[key] = digest_of(wheel)
    return found


def _locked_digests(locked: str) -> dict[tuple[str, str], list[str]]:
    """Return the digests that a locked list allows, by name and version."""
    found = {}
    for line in re.sub(r"\\\n\s*", "", locked).splitlines():
        match = _LOCKED.match(line)
        if match:
            found[normal_name(match["name"]), match["version"]] = _DIGEST.findall(line)
    return found


def normal_name(name: str) -> str:
    """Return a Python package's name as indexes write it (PEP 503).

    Args:
        name: In any spelling.
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _read_kernels(root: Path) -> Iterator[Kernel]:
    """Yield each kernel that has modules."""
    folder = root / _MODULES
    versions = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
    for version in versions:
        programs = [root / "boot" / f"vmlinuz-{version}"]
        if len(versions) == 1:
            programs.append(root / "boot/vmlinuz")
        digests = [digest_of(program) for program in programs if program.is_file()]
        yield Kernel(version, digests[0] if digests else None)


def _read_models(root: Path) -> Iterator[ModelFile]:
    """Yield each shipped model, after comparing it with the manifest."""
    for manifest in sorted(root.glob(f"{_PYTHON_PACKAGES}/edge_lpr/models/manifest.json")):
        for name, entry in sorted(json.loads(manifest.read_bytes())["files"].items()):
            path = manifest.parent / name
            # Trainable weights may be left out of an image; what is there must be what is listed.
            if not path.is_file():
                continue
            digest = digest_of(path)
            if digest != entry["sha256"]:
                raise ImageError(
                    f"{path}: is not the model in its manifest; install the wheel anew"
                )
            yield ModelFile(name, entry["role"], digest)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    Args:
        path: An ordinary file.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
