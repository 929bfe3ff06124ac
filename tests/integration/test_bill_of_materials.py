"""An image's bill of materials: whole, valid by CycloneDX's own schema, and the same every time."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from packageurl import PackageURL
from referencing import Registry, Resource

from edge_lpr.core.errors import ImageError
from edge_lpr.system_image.__main__ import main
from edge_lpr.system_image.bill_of_materials import bill_of_materials
from edge_lpr.system_image.identity import read_identity
from edge_lpr.system_image.installed import read_installed
from tests.support.system_folder import LOCKED, make_system


@pytest.fixture
def system(tmp_path: Path) -> tuple[Path, Path]:
    """Return a system's root and the folder of its wheels."""
    root, wheels = tmp_path / "root", tmp_path / "wheels"
    make_system(root, wheels)
    return root, wheels


def bill_of(system: tuple[Path, Path], *, built_s: int = 1_700_000_000) -> dict[str, Any]:
    root, wheels = system
    installed = read_installed(root, [wheels], LOCKED)
    document = bill_of_materials(read_identity(root), installed, built_s=built_s)
    parsed: dict[str, Any] = json.loads(document)
    return parsed


def component(bill: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (each for each in bill["components"] if each["name"] == name)
    return dict(found)


def cyclonedx_validator() -> jsonschema.Draft7Validator:
    folder = resources.files("cyclonedx.schema") / "_res"
    read = {
        name: json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text())
        for name in ("bom-1.6", "spdx", "jsf-0.82")
    }
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in read.values()
    )
    return jsonschema.Draft7Validator(read["bom-1.6"], registry=registry)


def test_it_is_valid_by_the_schema_of_cyclonedx(system: tuple[Path, Path]) -> None:
    bill = bill_of(system)
    assert list(cyclonedx_validator().iter_errors(bill)) == []
    bill["components"][0]["type"] = "wish"
    assert list(cyclonedx_validator().iter_errors(bill)) != []


def test_package_urls_are_as_their_own_library_writes_them(system: tuple[Path, Path]) -> None:
    urls = {each["name"]: each["purl"] for each in bill_of(system)["components"] if "purl" in each}
    for url in urls.values():
        assert PackageURL.from_string(url).to_string() == url
    assert urls["libssl3t64"] == (
        "pkg:deb/debian/libssl3t64@3.5.1-1%2Bdeb13u1"
        "?arch=amd64&distro=debian-13&upstream=openssl%403.5.1-1%2Bdeb13u1"
    )
    assert urls["login"].endswith("upstream=util-linux%402.41-5")
    assert urls["numpy"] == "pkg:pypi/numpy@2.3.1"


def test_it_lists_what_is_installed_and_nothing_else(system: tuple[Path, Path]) -> None:
    bill = bill_of(system)
    names = [each["name"] for each in bill["components"]]
    assert names == ["libssl3t64", "login", "edge-lpr", "numpy", "linux", "reader.onnx"]
    references = [each["bom-ref"] for each in bill["components"]]
    assert bill["dependencies"][0]["dependsOn"] == references
    assert len(set(references)) == len(references)
    assert bill["metadata"]["component"]["version"] == "0.1.0+1"
    assert component(bill, "linux")["version"] == "6.12.48+deb13-amd64"


def test_ours_is_on_no_index_and_under_the_agpl(system: tuple[Path, Path]) -> None:
    bill = bill_of(system)
    assert component(bill, "edge-lpr")["purl"] == "pkg:generic/edge-lpr@0.1.0"
    for name in ("edge-lpr", "reader.onnx"):
        assert component(bill, name)["licenses"] == [{"expression": "AGPL-3.0-only"}]
        assert len(component(bill, name)["hashes"][0]["content"]) == 64


def test_the_same_system_has_the_same_bill(system: tuple[Path, Path]) -> None:
    assert bill_of(system) == bill_of(system)
    later = bill_of(system, built_s=1_700_000_001)
    assert later["serialNumber"] != bill_of(system)["serialNumber"]


def test_a_wheel_that_is_not_locked_is_refused(system: tuple[Path, Path]) -> None:
    (wheel,) = system[1].glob("numpy-*.whl")
    wheel.write_bytes(b"another wheel of numpy")
    with pytest.raises(ImageError, match=r"numpy 2\.3\.1 was installed from a wheel that is not"):
        bill_of(system)


def test_two_wheels_of_one_version_are_refused(system: tuple[Path, Path]) -> None:
    (system[1] / "numpy-2.3.1-cp313-cp313-manylinux2014_x86_64.whl").write_bytes(b"which?")
    with pytest.raises(ImageError, match="another wheel of numpy"):
        bill_of(system)


def test_a_model_that_is_not_in_its_manifest_is_refused(system: tuple[Path, Path]) -> None:
    (model,) = system[0].rglob("reader.onnx")
    model.write_text("another network")
    with pytest.raises(ImageError, match="not the model in its manifest"):
        bill_of(system)


def test_the_command_writes_it(
    system: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    locked, output = tmp_path / "device.txt", tmp_path / "image.cdx.json"
    locked.write_text(LOCKED)
    words = ["--wheels", str(system[1]), "--locked", str(locked), "--output", str(output)]
    assert main(["bill", str(system[0]), *words]) == 0
    assert json.loads(output.read_bytes()) == bill_of(system)
    assert main(["bill", str(tmp_path), *words]) == 2
