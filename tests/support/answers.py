"""Drawn answers of installers, every one that the model takes."""

from typing import Any

from hypothesis import strategies as st

from edge_lpr.installation.model import Installation
from edge_lpr.installation.network import NetworkSection
from edge_lpr.wire.ticket import TICKET_BYTES, ticket_code

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
HOSTS = st.ip_addresses().map(str) | st.sampled_from(["time.example", "a.b-c.example"])
_ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
_LOGIN = st.text("aZ0!#$%&()*+./:;<>?@^_{|}~-", min_size=1, max_size=64)


def _or_left_out(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


WIFI = st.fixed_dictionaries(
    {
        "name": st.text(min_size=1, max_size=8).filter(str.isprintable),
        "passphrase": st.text(_ASCII, min_size=8, max_size=63),
        "country": st.sampled_from(["BR", "US"]),
        "wpa3_only": st.booleans(),
    }
)
LTE = st.fixed_dictionaries(
    {"apn": st.just("internet.example"), "usb_id": st.just("2c7c:0125")},
    optional={
        "pin": st.from_regex("[0-9]{4,8}", fullmatch=True),
        "user": _LOGIN,
        "password": _LOGIN,
    },
)
SHARED = _or_left_out(
    name_servers=st.lists(st.ip_addresses().map(str), max_size=3).map(tuple),
    proxy=st.sampled_from(["http://192.0.2.3:3128", "http://[2001:db8::3]:80"]),
)
STATIC = st.sampled_from(
    [
        {"kind": "static", "address": "192.0.2.10/24"},
        {"kind": "static", "address": "192.0.2.10/24", "gateway": "192.0.2.1"},
        {"kind": "static", "address": "2001:db8::10/64", "gateway": "fe80::1"},
    ]
)
WIRED = _or_left_out(port=st.just("enp1s0"), vlan=st.integers(1, 4094))
_NO_ANSWER: dict[str, Any] = {}
_WAYS: st.SearchStrategy[dict[str, Any]] = (
    st.just(_NO_ANSWER)
    | WIRED
    | st.builds(lambda one, other: one | other, STATIC, WIRED)
    | WIFI.map(lambda wifi: {"wifi": wifi})
    | st.builds(lambda static, wifi: {**static, "wifi": wifi}, STATIC, WIFI)
    | LTE.map(lambda lte: {"lte": lte})
)
CAMERAS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"camera": "usb"},
        {"camera": "usb:7"},
        {"camera": "csi"},
        {"camera": "test"},
        {"camera": "rtsp://10.0.0.5/lane?channel=1"},
        {"camera": "rtsp://10.0.0.5:8554/", "camera_login": 'admin:"\\ #'},
        {"camera": "rtsp://[2001:db8::5]/", "_port": {"port": "eth1", "address": "10.0.0.1/24"}},
    ]
)


@st.composite
def installations(draw: st.DrawFn) -> Installation:
    """Draw answers."""
    camera = dict(draw(CAMERAS))
    port = camera.pop("_port", None)
    network = {**draw(_WAYS), **draw(SHARED), **({} if port is None else {"camera": port})}
    rest = draw(
        _or_left_out(
            ticket=st.binary(min_size=TICKET_BYTES, max_size=TICKET_BYTES).map(ticket_code),
            update_gate_s=st.integers(60, 3600),
            metrics=st.booleans(),
            update_url=st.just("https://updates.example/booths"),
        )
    )
    may_ask = network.get("kind", "dhcp") == "dhcp" or network.get("name_servers")
    time_server = draw(st.none() | (HOSTS if may_ask else st.ip_addresses().map(str)))
    return Installation(
        site=draw(NAMES),
        device=draw(NAMES),
        network=NetworkSection.model_validate(network),
        time_server=time_server,
        **camera,
        **rest,
    )
