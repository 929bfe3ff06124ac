"""What installers write is understood, and what is wrong is told with key and allowed values."""

import pytest
import tomli

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.dumping import dump_installation
from edge_lpr.installation.model import Installation
from edge_lpr.installation.reading import parse_installation

LEAST = 'site = "north"\ndevice = "booth-1"\ncamera = "usb"\n'
STATIC = '[network]\nkind = "static"\naddress = "192.0.2.10/24"\n'
TICKET = "NQYP-14QE-9PH6-JQ49-JADM-Y4SR-9RCR"


def parsed(text: str) -> Installation:
    return parse_installation(text.encode(), "installation.toml")


def refusal(text: str) -> str:
    with pytest.raises(InstallationError) as caught:
        parsed(text)
    return str(caught.value)


def test_three_answers_are_enough() -> None:
    answers = parsed(LEAST)
    assert (answers.site, answers.device, answers.camera_kind) == ("north", "booth-1", "usb")
    assert answers.network.kind == "dhcp"
    assert answers.ticket is answers.time_server is answers.update_url is None


@pytest.mark.parametrize(
    "untrusted_bytes",
    [
        pytest.param(LEAST.replace("\n", "\r\n").encode(), id="carriage returns"),
        pytest.param(LEAST.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(LEAST.replace("\n", "\r\n").encode("utf-8-sig"), id="both"),
    ],
)
def test_what_windows_makes_of_a_file_is_taken(untrusted_bytes: bytes) -> None:
    assert parse_installation(untrusted_bytes, "installation.toml") == parsed(LEAST)


def test_ticket_is_taken_as_people_type_it() -> None:
    typed = TICKET.lower().replace("-", " ")
    assert parsed(f'{LEAST}ticket = "{typed}"').ticket == TICKET


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("site = 1", "site must be text in quotes; device is missing; camera is missing"),
        (f"{LEAST}lane = 2", "lane is no setting; docs/network.md shows all that there are"),
        (f'{LEAST}ticket = "NQYP"', "ticket is no ticket: a ticket has 28 letters and digits"),
        (f'{LEAST}time_server = "1.2.3"', "time_server must be a numeric address or a name"),
        (f'{LEAST}time_server = "{"a" * 250}!"', "time_server must be a numeric address or a name"),
        (f'{LEAST}update_url = "http://a/"', "update_url must be like https://"),
        (LEAST.replace("usb", "usb:64"), "camera must be usb, usb:1, csi"),
        (LEAST.replace("usb", "rtsp://camera/lane"), "with the camera's address in numbers"),
        (LEAST.replace("usb", "rtsp://a:b@10.0.0.5/"), "write camera_login = user:password"),
        (f'{LEAST}[network]\nkind = "wifi"', "network.kind must be 'dhcp' or 'static'"),
        (f'{LEAST}[network]\nkind = "static"', "network needs address = , such as 192.0.2.10/24"),
        (
            f'{LEAST}[network]\nkind = "static"\naddress = "192.0.2.10"',
            "network.address must be an address with its network, such as 192.0.2.10/24",
        ),
        (
            f'{LEAST}[network]\nkind = "static"\naddress = "192.0.2.0/24"',
            "network.address must be one booth's address",
        ),
        (
            f'{LEAST}[network]\nkind = "static"\naddress = "192.0.2.10/24"\ngateway = "10.0.0.1"',
            "network must have its gateway in the network of its address",
        ),
        (f'{LEAST}time_server = "fe80::1%eth0"', "time_server must be a numeric address or a name"),
        (
            f'{LEAST}[network]\nname_servers = ["fe80::1%0\\nnameserver 192.0.2.66"]',
            "must be a numeric address, such as 192.0.2.1, without %",
        ),
        (f'{STATIC}gateway = "fe80::1%eth0"\n', "network.gateway must be a numeric address"),
        (
            f'{LEAST}[network]\nproxy = "http://[fe80::1%25eth0]:80"',
            "network.proxy must be like http://",
        ),
        (
            STATIC.replace("192.0.2.10/24", "fe80::2%eth0/64"),
            "network.address must be an address with its network",
        ),
        (
            STATIC.replace("192.0.2.10/24", "192.0.2.10/0"),
            "network.address must have a network of its own, /8 or longer",
        ),
        (
            STATIC.replace("192.0.2.10/24", "2001:db8::1/8"),
            "network.address must have a network of its own, /16 or longer",
        ),
        (f"{LEAST}[network]\nvlan = 4095", "network.vlan must be at most 4094"),
        (f'{LEAST}[network]\nproxy = "socks5://192.0.2.3:1"', "network.proxy must be like http://"),
        (
            f'{LEAST}[network.wifi]\nname = "a"\npassphrase = "short"\ncountry = "BR"',
            "network.wifi.passphrase must have 8 to 63 characters",
        ),
        (
            f'{LEAST}time_server = "time.example"\n{STATIC}',
            "has a time_server by name; give its address, or network.name_servers too",
        ),
        ("site = \u201cnorth\u201d", "it has typographic quotes, and needs straight ones"),
    ],
)
def test_refusal_names_file_and_key_and_what_is_allowed(text: str, sentence: str) -> None:
    told = refusal(text)
    assert told.startswith("installation.toml: ")
    assert sentence in told


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("[" * 5_000 + "]" * 5_000, id="lists"),
        pytest.param("9" * 5_000, id="decimal digits"),
        pytest.param("0x" + "f" * 5_000, id="hexadecimal digits"),
        pytest.param("1\n" + "a." * 5_000 + "a = 1", id="tables"),
    ],
)
def test_what_python_cannot_hold_is_refused_in_words(value: str) -> None:
    assert refusal(f"{LEAST}lane = {value}\n").startswith("installation.toml: ")


def test_utf_16_is_told_apart_from_garbage() -> None:
    with pytest.raises(InstallationError, match="UTF-16; save it again"):
        parse_installation(LEAST.encode("utf-16"), "installation.toml")
    with pytest.raises(InstallationError, match="is no UTF-8"):
        parse_installation(b"\x80", "installation.toml")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f'{LEAST}ticket = "{TICKET}"', TICKET),
        (
            f'{LEAST}[network.wifi]\nname = "a"\npassphrase = "correct horse"\ncountry = "BR"',
            "correct horse",
        ),
        (
            LEAST.replace("usb", "rtsp://10.0.0.5/") + 'camera_login = "admin:correct horse"',
            "correct horse",
        ),
        (
            f'{LEAST}[network.lte]\napn = "a"\nusb_id = "2c7c:0125"\npassword = "xyzzy"',
            "xyzzy",
        ),
    ],
)
def test_secrets_have_no_repr_and_stand_in_no_refusal(text: str, secret: str) -> None:
    answers = parsed(text)
    assert secret not in repr(answers)
    assert secret not in str(answers)
    assert secret in dump_installation(answers)
    with pytest.raises(InstallationError) as caught:
        parsed(text.replace(secret, f"{secret}\u00e9").replace("north", "NORTH"))
    cause = caught.value.__cause__
    assert secret not in f"{caught.value}{cause}"


def test_dump_says_what_each_answer_is_for() -> None:
    text = dump_installation(parsed(f'{LEAST}ticket = "{TICKET}"'))
    assert tomli.loads(text) == tomli.loads(f'{LEAST}ticket = "{TICKET}"')
    assert 'ticket = "' + TICKET + '" # from the key custodian; removed once it is used' in text
    assert "[network]" not in text


@pytest.mark.parametrize(
    ("camera", "number", "place"),
    [
        ("usb", 0, None),
        ("usb:3", 3, None),
        ("csi:1", 1, None),
        ("test", 0, None),
        ("rtsp://10.0.0.5/lane?channel=1", 0, ("10.0.0.5", 554)),
        ("rtsp://[2001:db8::5]:8554/", 0, ("2001:db8::5", 8554)),
    ],
)
def test_camera_is_taken_apart(camera: str, number: int, place: tuple[str, int] | None) -> None:
    answers = parsed(LEAST.replace("usb", camera))
    assert (answers.camera_number, answers.camera_place) == (number, place)
