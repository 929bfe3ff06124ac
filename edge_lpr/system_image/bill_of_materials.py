"""A system image's bill of materials, as CycloneDX 1.6 in JSON. Pure; ``installed.py`` reads.

The same system gives the same bytes: the moment is the build's ``SOURCE_DATE_EPOCH``, and the
serial number follows from the content. Licences are given where a package states one in SPDX's
words; Debian's packages state theirs in words of their own, which are not translated here.
"""

import hashlib
import json
import uuid
from datetime import datetime, timezone
from typing import Any, Final
from urllib.parse import quote

from edge_lpr.system_image.identity import ImageIdentity
from edge_lpr.system_image.installed import (
    OWN_PACKAGE,
    DebianPackage,
    Installed,
    Kernel,
    ModelFile,
    PythonPackage,
)

LICENCE: Final = "AGPL-3.0-only"
"""Of this project's own parts, models included."""

_SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_SPEC_VERSION: Final = "1.6"


def bill_of_materials(identity: ImageIdentity, installed: Installed, *, built_s: int) -> bytes:
    """Return the bill of materials of one image.

    Args:
        identity: Which image.
        installed: What is in it.
        built_s: ``SOURCE_DATE_EPOCH``: UTC in whole seconds since 1970.

    Returns:
        CycloneDX 1.6, JSON in UTF-8, ending in a newline.
    """
    own_version = next(each.version for each in installed.python if each.name == OWN_PACKAGE)
    parts = [
        *(_debian(each, identity.distribution) for each in installed.debian),
        *(_python(each) for each in installed.python),
        *(_kernel(each) for each in installed.kernels),
        *(_model(each, own_version) for each in installed.models),
    ]
    image = {
        "type": "operating-system",
        "bom-ref": identity.name,
        "name": identity.name,
        "version": identity.version,
    }
    document: dict[str, Any] = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": _SPEC_VERSION,
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(built_s, timezone.utc).isoformat(),
            "lifecycles": [{"phase": "build"}],
            "tools": {
                "components": [
                    {"type": "application", "name": "edge-lpr build_image", "version": own_version}
                ]
            },
            "component": image,
        },
        "components": parts,
        "dependencies": [
            {"ref": identity.name, "dependsOn": [part["bom-ref"] for part in parts]},
        ],
    }
    document["serialNumber"] = f"urn:uuid:{_serial_number(document)}"
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _serial_number(document: dict[str, Any]) -> uuid.UUID:
    """Return a number that only this content has."""
    content = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://cyclonedx.org/#{content}")


def _debian(package: DebianPackage, distribution: str) -> dict[str, Any]:
    """Return a package of Debian; ``upstream`` is what scanners look advisories up by."""
    qualifiers = {
        "arch": package.architecture,
        "distro": distribution,
        "upstream": f"{package.source}@{package.source_version}",
    }
    vendor = distribution.partition("-")[0]
    name = f"{vendor}/{_quoted(package.name)}"
    return _component(
        "library",
        package.name,
        package.version,
        reference=_package_url("deb", name, package.version, qualifiers),
        publisher=package.maintainer,
    )


def _python(package: PythonPackage) -> dict[str, Any]:
    """Return a package of Python; ours is on no index, and a URL must not say that it is."""
    is_ours = package.name == OWN_PACKAGE
    kind = "generic" if is_ours else "pypi"
    return _component(
        "application" if is_ours else "library",
        package.name,
        package.version,
        reference=_package_url(kind, _quoted(package.name), package.version),
        sha256=package.wheel_sha256,
        licence=package.licence,
    )


def _kernel(kernel: Kernel) -> dict[str, Any]:
    """Return a kernel; its package is listed too, among Debian's."""
    return _component(
        "operating-system",
        "linux",
        kernel.version,
        reference=f"kernel:linux@{kernel.version}",
        sha256=kernel.sha256,
        licence="GPL-2.0-only WITH Linux-syscall-note",
    )


def _model(model: ModelFile, version: str) -> dict[str, Any]:
    """Return one of our networks; it has the version of the package that it ships in."""
    return _component(
        "machine-learning-model",
        model.name,
        version,
        reference=f"model:{model.name}@{model.sha256}",
        sha256=model.sha256,
        licence=LICENCE,
        description=f"{model.role}: docs/model-card.md",
    )


def _component(  # noqa: PLR0913 - the parts of a component, by name
    kind: str,
    name: str,
    version: str,
    *,
    reference: str,
    sha256: str | None = None,
    licence: str | None = None,
    publisher: str = "",
    description: str = "",
) -> dict[str, Any]:
    """Return one component; what is not known is left out."""
    component: dict[str, Any] = {
        "type": kind,
        "bom-ref": reference,
        "name": name,
        "version": version,
    }
    if reference.startswith("pkg:"):
        component["purl"] = reference
    if sha256 is not None:
        component["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    if licence is not None:
        component["licenses"] = [{"expression": licence}]
    if publisher:
        component["publisher"] = publisher
    if description:
        component["description"] = description
    return component


def _package_url(
    kind: str, name: str, version: str, qualifiers: dict[str, str] | None = None
) -> str:
    """Return a package URL: https://github.com/package-url/purl-spec."""
    text = f"pkg:{kind}/{name}@{_quoted(version)}"
    if qualifiers:
        text += "?" + "&".join(f"{key}={_quoted(qualifiers[key])}" for key in sorted(qualifiers))
    return text


def _quoted(text: str) -> str:
    """Return a part of a package URL; a colon, as of an epoch, stays."""
    return quote(text, safe=":")
