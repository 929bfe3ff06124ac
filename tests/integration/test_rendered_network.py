"""What is rendered is read by the programs that it is for: nft, systemd-networkd."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.installation.firewall import firewall_files
from edge_lpr.installation.networkd import network_files
from edge_lpr.installation.places import Machine
from edge_lpr.installation.processes import process_files
from edge_lpr.installation.reach import Reach, find_reach
from edge_lpr.installation.reading import parse_installation, read_installation
from edge_lpr.wire.jws import SigningKey
from tests.reliability.namespace import Namespace
from tests.support.firewall import Firewall, need_nft
from tests.support.installed_booth import REPOSITORY, TECHNICIAN_CA, InstalledBooth, bundle
from tests.support.networkd import complaints, networkd
from tests.support.networks import need_network

EXAMPLES = sorted((REPOSITORY / "firmware_config/network").glob("*.toml"))
MOST = """
camera = "rtsp://10.0.0.5/lane"
time_server = "time.example"
update_url = "https://updates.example/booths"
[network]
kind = "static"
address = "192.0.2.10/24"
name_servers = ["192.0.2.53", "2001:db8::53"]
"""
LEAST = 'site = "a"\ndevice = "b"\ncamera = "usb"\n'
SERVERS = '[network]\nname_servers = ["192.0.2.53"]\n'
NETWORK_FOLDER = "/run/systemd/network"


@pytest.fixture
def network() -> Iterator[Namespace]:
    need_network()
    need_nft()
    with Namespace() as made:
        yield made


def write_units(folder: Path, example: Path) -> None:
    folder.mkdir()
    answers = read_installation(example)
    for file in network_files(answers.network, is_laptop_wanted=True):
        if file.path.startswith(NETWORK_FOLDER):
            (folder / Path(file.path).name).write_text(file.text)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"technician_ca": TECHNICIAN_CA}, id="addresses"),
        pytest.param({"addresses": ()}, id="names"),
        pytest.param({"broker_host": "2001:db8::7", "enrolment_url": None}, id="numbers"),
    ],
)
@pytest.mark.parametrize(
    "answers",
    [
        'camera = "usb"',
        'camera = "rtsp://[2001:db8::5]/lane"\ntime_server = "2001:db8::1"',
        MOST,
        'camera = "usb"\n[network]\nproxy = "http://192.0.2.3:3128"',
        'camera = "usb"\n[network]\nkind = "static"\naddress = "169.254.10.1/24"',
        'camera = "usb"\n[network]\nkind = "static"\naddress = "fe80::2/64"',
    ],
    ids=["least", "ipv6", "most", "proxy", "link", "link6"],
)
def test_nft_takes_what_the_answers_make(
    network: Namespace, tmp_path: Path, answers: str, changes: dict[str, object]
) -> None:
    booth = InstalledBooth(tmp_path / "booth")
    parsed = parse_installation(f'site = "a"\ndevice = "b"\n{answers}'.encode(), "answers")
    reach = find_reach(parsed, bundle(booth.key, **changes))
    files = firewall_files(parsed, reach, booth.places)
    firewall = Firewall(network, tmp_path)
    firewall.write(**{Path(file.path).stem: file.text for file in files})
    firewall.load()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_networkd_understands_every_example(tmp_path: Path, example: Path) -> None:
    write_units(tmp_path / "units", example)
    _, said = networkd(tmp_path / "units")
    assert complaints(said) == []


def test_networkd_would_say_what_it_does_not_understand(tmp_path: Path) -> None:
    (tmp_path / "a.network").write_text("[Match]\nName=eth0\n[Network]\nAdress=192.0.2.10/24\n")
    _, said = networkd(tmp_path)
    assert len(complaints(said)) == 1


def test_booth_with_a_fixed_address_has_it_and_its_router(tmp_path: Path) -> None:
    text = (REPOSITORY / "firmware_config/network/static.toml").read_text()
    example = tmp_path / "installation.toml"
    # A cable of the test is none of the wired ports that are taken without a name.
    example.write_text(text.replace("# port", "port"))
    write_units(tmp_path / "units", example)
    state, _ = networkd(tmp_path / "units", "192.0.2.10/24")
    assert "default via 192.0.2.1 dev eth0 proto static" in state
    # For a technician's laptop, without anybody's DHCP.
    assert "inet6 fe80::" in state


def test_camera_has_a_cable_of_its_own_without_a_router(tmp_path: Path) -> None:
    text = (REPOSITORY / "firmware_config/network/camera-port.toml").read_text()
    example = tmp_path / "installation.toml"
    example.write_text(text.replace('"eth1"', '"eth0"'))
    write_units(tmp_path / "units", example)
    state, _ = networkd(tmp_path / "units", "10.0.0.1/24")
    assert "10.0.0.0/24 dev eth0" in state
    assert "default via" not in state


def test_name_that_nobody_vouches_for_opens_one_port_for_one_user_and_is_told() -> None:
    parsed = parse_installation(
        b'site = "a"\ndevice = "b"\ncamera = "usb"\n[network]\nname_servers = ["192.0.2.53"]', "a"
    )
    reach = find_reach(parsed, bundle(SigningKey.generate(), addresses=()))
    assert reach.is_name_asked
    assert [notice.split(" is known by name only")[0] for notice in reach.notices] == [
        "authority.example",
        "broker.example",
    ]
    # It works so: what is a fault keeps the booth's screen from saying that it does.
    assert reach.faults == ()


def allowed(reach: Reach, folder: Path) -> list[str]:
    """Return what the publisher's unit lets it reach."""
    places = InstalledBooth(folder).places
    machine = Machine("generic-amd64", has_tpm=False)
    files = process_files(
        parse_installation(LEAST.encode(), "answers"), reach, places, machine, is_sealed=False
    )
    (drop_in,) = [file.text for file in files if file.path.endswith("/broker.conf")]
    lines = [line for line in drop_in.splitlines() if line.startswith("IPAddressAllow=")]
    return [line.partition("=")[2] for line in lines]


@pytest.mark.parametrize(
    ("answers", "changes", "addresses"),
    [
        pytest.param("", {}, ["", "192.0.2.7", "2001:db8::7"], id="addresses"),
        pytest.param(SERVERS, {"addresses": ()}, ["", "any"], id="a name that is asked"),
        pytest.param("", {"addresses": ()}, ["", "localhost"], id="a name that is not"),
    ],
)
def test_publishers_unit_opens_what_the_firewall_opens(
    tmp_path: Path, answers: str, changes: dict[str, object], addresses: list[str]
) -> None:
    claims = bundle(SigningKey.generate(), **changes)
    reach = find_reach(parse_installation(f"{LEAST}{answers}".encode(), "answers"), claims)
    # The first line takes back what the unit itself allows.
    assert allowed(reach, tmp_path / "booth") == addresses


def test_cameras_login_is_for_vision_alone(tmp_path: Path) -> None:
    text = LEAST.replace("usb", "rtsp://10.0.0.5/") + 'camera_login = "viewer:correct horse"\n'
    answers = parse_installation(text.encode(), "answers")
    places = InstalledBooth(tmp_path / "booth").places
    machine = Machine("generic-amd64", has_tpm=False)
    files = list(
        process_files(answers, find_reach(answers, None), places, machine, is_sealed=False)
    )
    (login,) = [file for file in files if file.text == "viewer:correct horse\n"]
    assert (login.user, login.mode) == ("edge-lpr-vision", 0o600)
    assert "correct horse" not in repr(login)
    assert not any("correct horse" in file.text for file in files if file is not login)
