"""The search of an image for secrets: what is planted is found, and nothing else is."""

import base64
import gzip
import lzma
import os
import py_compile
import subprocess
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from edge_lpr.core.errors import ImageError
from edge_lpr.system_image import secret_search
from edge_lpr.system_image.__main__ import main
from edge_lpr.system_image.comparison import tree_differences
from edge_lpr.system_image.image_search import search_image
from edge_lpr.system_image.secret_search import SecretSearch
from edge_lpr.system_image.tree_search import search_tree
from edge_lpr.wire.ticket import new_ticket, ticket_code
from tests.support.system_folder import make_system

PRIVATE = serialization.PrivateFormat
ENCODING = serialization.Encoding
KEYS: dict[str, PrivateKeyTypes] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "X25519": x25519.X25519PrivateKey.generate(),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
}


def private_bytes(kind: str, encoding: ENCODING, form: PRIVATE, password: bytes = b"") -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return KEYS[kind].private_bytes(encoding, form, encryption)


def run(*words: str | Path, given: bytes = b"") -> bytes:
    """Return what a program of the system printed."""
    search = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    return subprocess.run(
        words, input=given, check=True, capture_output=True, env={**os.environ, "PATH": search}
    ).stdout


def openssh_bytes() -> bytes:
    armoured = private_bytes("Ed25519", ENCODING.PEM, PRIVATE.OpenSSH)
    return base64.b64decode(b"".join(armoured.splitlines()[1:-1]))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a system's root without a secret."""
    folder = tmp_path / "root"
    make_system(folder, tmp_path / "wheels")
    return folder


def forms(root: Path, *words: str) -> list[tuple[str, str]]:
    return [(each.where, each.form) for each in search_tree(root, SecretSearch(words))]


def test_a_clean_system_has_nothing(root: Path) -> None:
    assert forms(root, "mirror.example.org") == []


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(private_bytes("RSA", ENCODING.PEM, PRIVATE.PKCS8), id="PKCS#8"),
        pytest.param(private_bytes("RSA", ENCODING.PEM, PRIVATE.TraditionalOpenSSL), id="RSA"),
        pytest.param(
            private_bytes("RSA", ENCODING.PEM, PRIVATE.TraditionalOpenSSL, b"password"),
            id="RSA, encrypted",
        ),
        pytest.param(private_bytes("P-256", ENCODING.PEM, PRIVATE.TraditionalOpenSSL), id="EC"),
        pytest.param(private_bytes("Ed25519", ENCODING.PEM, PRIVATE.OpenSSH), id="OpenSSH"),
        pytest.param(
            private_bytes("Ed25519", ENCODING.PEM, PRIVATE.PKCS8, b"password"), id="encrypted"
        ),
        pytest.param(private_bytes("Ed25519", ENCODING.DER, PRIVATE.PKCS8), id="Ed25519, DER"),
        pytest.param(private_bytes("X25519", ENCODING.DER, PRIVATE.PKCS8), id="X25519, DER"),
        pytest.param(private_bytes("P-256", ENCODING.DER, PRIVATE.PKCS8), id="P-256, DER"),
        pytest.param(private_bytes("RSA", ENCODING.DER, PRIVATE.PKCS8), id="RSA, DER"),
        pytest.param(openssh_bytes(), id="OpenSSH, without its armour"),
    ],
)
def test_a_private_key_is_found_in_every_form(root: Path, secret: bytes) -> None:
    (root / "usr/lib/somewhere").write_bytes(b"before\n" + secret + b"after\n")
    ((where, form),) = forms(root)
    assert where == "usr/lib/somewhere"
    assert form.startswith("private key")


def test_a_program_that_knows_how_keys_begin_is_none(root: Path) -> None:
    (root / "usr/lib/ssl.so").write_bytes(b"\0-----BEGIN " + b"PRIVATE KEY-----\0-----BEGIN RSA")
    assert forms(root) == []


def test_the_keys_that_gnutls_tries_itself_with_are_everybodys(root: Path) -> None:
    key = private_bytes("RSA", ENCODING.PEM, PRIVATE.PKCS8)
    library = root / "usr/lib/x86_64-linux-gnu/libgnutls.so.30.40.3"
    library.parent.mkdir()
    library.write_bytes(key)
    library.with_name("libother.so").write_bytes(key)
    assert forms(root) == [("usr/lib/x86_64-linux-gnu/libother.so", "private key, PEM")]


def test_the_search_does_not_find_itself(root: Path) -> None:
    own = Path(secret_search.__file__)
    compiled = py_compile.compile(str(own), cfile=str(root / "usr/lib/own.pyc"))
    assert compiled is not None
    (root / "usr/lib/own.py").write_bytes(own.read_bytes())
    assert forms(root) == []


@pytest.mark.parametrize(
    ("content", "form"),
    [
        pytest.param(f"ticket = {ticket_code(new_ticket())!r}\n", "ticket", id="ticket"),
        pytest.param("EDGE-LPR-KEYS\x02and so on", "key ring of a booth", id="key ring"),
        pytest.param("EDGE-LPR-SEALED\x01and", "sealed file of a booth", id="sealed file"),
        pytest.param(
            f"eyJ{'a' * 20}.eyJ{'b' * 40}.{'c' * 86}",
            "signed document or access token, JWS",
            id="bundle",
        ),
        pytest.param(f"token ghp_{'aB3' * 12}", "access token, GitHub", id="GitHub"),
        pytest.param("URIs: http://mirror.example.org/", "name of the building machine", id="host"),
    ],
)
def test_a_secret_of_ours_is_found(root: Path, content: str, form: str) -> None:
    (root / "usr/lib/somewhere").write_text(content)
    assert forms(root, "mirror.example.org") == [("usr/lib/somewhere", form)]


def test_what_only_looks_like_a_ticket_is_none(root: Path) -> None:
    code = ticket_code(new_ticket())
    other = "0" if code[-1] != "0" else "1"
    (root / "usr/lib/somewhere").write_text(f"{code[:-1]}{other} A-{code}")
    assert forms(root) == []


@pytest.mark.parametrize(
    "where",
    [
        "etc/ssh/ssh_host_ed25519_key",
        "root/.ssh/authorized_keys",
        "etc/edge-lpr/booth.toml",
        "var/lib/edge-lpr/tokeniser/event-key",
        "etc/NetworkManager/system-connections/lane.nmconnection",
        "etc/pip.conf",
        "etc/apt/sources.list.d/debian.sources",
        "root/.bash_history",
        "deployment.lpr",
        "opt/edge-lpr/lib/python3.13/site-packages/edge_lpr-0.1.0.dist-info/direct_url.json",
    ],
)
def test_a_file_that_belongs_to_one_machine_is_found_by_its_place(root: Path, where: str) -> None:
    path = root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("anything")
    assert where in {found for found, _ in forms(root)}


@pytest.mark.parametrize(
    ("where", "content", "form"),
    [
        ("etc/shadow", "root::19000:0:99999:7:::\n", "password"),
        ("etc/shadow", "pi:$y$j9T$abc$def:19000:0:99999:7:::\n", "password"),
        ("etc/machine-id", "0123456789abcdef0123456789abcdef\n", "identity of a machine"),
    ],
    ids=["no password asked", "password", "identity"],
)
def test_what_opens_or_names_a_machine_is_found(
    root: Path, where: str, content: str, form: str
) -> None:
    (root / where).write_text(content)
    assert forms(root) == [(where, form)]


def test_packed_files_are_opened(root: Path) -> None:
    secret = private_bytes("RSA", ENCODING.PEM, PRIVATE.PKCS8)
    folder = root / "usr/lib"
    (folder / "page.gz").write_bytes(gzip.compress(secret))
    (folder / "module.xz").write_bytes(lzma.compress(secret))
    (folder / "initrd").write_bytes(
        b"070701" + b"TRAILER!!!" + bytes(64) + run("zstd", "-q", given=secret)
    )
    with zipfile.ZipFile(folder / "bundled.whl", "w") as wheel:
        wheel.writestr("key.pem.gz", gzip.compress(secret))
    places = {where for where, _ in forms(root)}
    assert places == {
        "usr/lib/page.gz!gzip",
        "usr/lib/module.xz!xz",
        "usr/lib/initrd!zstd",
        "usr/lib/bundled.whl!key.pem.gz!gzip",
    }


def test_a_broken_packed_file_stops_the_search(root: Path) -> None:
    (root / "usr/lib/page.gz").write_bytes(gzip.compress(b"a page")[:-4])
    with pytest.raises(ImageError, match=r"usr/lib/page\.gz"):
        forms(root)


@pytest.fixture
def image(root: Path, tmp_path: Path) -> Path:
    """Return a small image: a FAT, from which a file was deleted, and a packed system."""
    fat, system = tmp_path / "fat", tmp_path / "system"
    run("mkfs.vfat", "-C", fat, "4096")
    for name in ("grub.cfg", "deleted"):
        (tmp_path / name).write_bytes(private_bytes("P-256", ENCODING.PEM, PRIVATE.PKCS8))
    (tmp_path / "grub.cfg").write_text("set timeout=0\n")
    run("mcopy", "-i", fat, tmp_path / "grub.cfg", tmp_path / "deleted", "::")
    run("mdel", "-i", fat, "::deleted")
    (root / "etc/machine-id").write_text("uninitialized\n")
    (root / "etc/ssh").mkdir()
    (root / "etc/ssh/ssh_host_rsa_key").write_text("a key")
    run("mksquashfs", root, system, "-noappend", "-quiet", "-no-progress")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 << 20)
        for place, part in ((1, fat), (8, system)):
            file.seek(place << 20)
            file.write(part.read_bytes())
    table = b"label: gpt\n1: start=1MiB, size=4MiB\n2: start=8MiB, size=4MiB\n"
    run("sfdisk", "-q", image, given=table)
    return image


def test_an_image_is_searched_whole(image: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    findings, files = search_image(image, SecretSearch(), tmp_path / "scratch")
    assert [(each.where, each.form) for each in findings] == [
        ("partition 1, as it lies", "private key, PEM"),
        ("partition 2: etc/ssh/ssh_host_rsa_key", "host key"),
    ]
    assert files > 10


def test_the_command_says_where_and_not_what(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", str(image)]) == 1
    said = capsys.readouterr().out
    assert "partition 2: etc/ssh/ssh_host_rsa_key: host key, at byte 0\n" in said
    assert "MII" not in said


def test_two_images_are_compared_file_by_file(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    content = image.read_bytes()
    other.write_bytes(content)
    assert main(["compare", str(image), str(other)]) == 0
    other.write_bytes(content.replace(b"set timeout=0", b"set timeout=9"))
    assert main(["compare", str(image), str(other)]) == 1
    assert capsys.readouterr().out == "partition 1: grub.cfg: content\n"


def test_differences_are_named(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "copy"
    run("cp", "-a", root, other)
    assert list(tree_differences(root, other)) == []
    (other / "etc/shadow").chmod(0o600)
    (other / "etc/machine-id").unlink()
    (other / "etc/new").touch()
    differences = [line for line in tree_differences(root, other) if not line.startswith("etc: ")]
    assert differences == [
        "etc/machine-id: only in the first",
        "etc/new: only in the second",
        "etc/shadow: mode",
    ]
