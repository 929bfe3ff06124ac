"""The library against the broker as it is shipped: who is let in, and what it says if not."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from edge_lpr.core.errors import BrokerRefusedError, KeyFileError, SettingsError
from edge_lpr.subscriber import Subscriber, VerifiedBirth, VerifiedSighting
from edge_lpr.subscriber.arguments import parse_arguments
from edge_lpr.subscriber.key_files import TlsFiles, read_authority_key, tls_context
from edge_lpr.wire import base64url
from edge_lpr.wire.deployment import Deployment, sign_deployment
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress, TopicKind
from tests.support.fleet import AUTHORITY, SignedBooth
from tests.support.mqtt_peer import Peer, closing_peers, connected
from tests.support.tls_broker import ClientFiles, TlsMosquitto, running_tls_mosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsMosquitto]:
    with running_tls_mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


def subscriber(broker: TlsMosquitto, files: ClientFiles, **changes: object) -> Subscriber:
    options: dict[str, object] = {
        "ca_file": files.ca_file,
        "certificate_file": files.certificate_file,
        "key_file": files.key_file,
        "keeps_place": False,
    }
    url = f"mqtts://localhost:{broker.consumer_port}"
    return Subscriber(url, authority_key=AUTHORITY.public_key, **(options | changes))  # type: ignore[arg-type]


def booth_of(broker: TlsMosquitto) -> SignedBooth:
    """Return the booth that the broker's rules know."""
    booth = SignedBooth.of_today()
    address: DeviceAddress = broker.access.devices[0]
    booth.move_to(address)
    return booth


def test_certified_consumer_hears_what_booths_say(broker: TlsMosquitto) -> None:
    booth = booth_of(broker)
    context = broker.device(booth.address.device).context()
    with closing_peers() as peers, subscriber(broker, broker.consumer()) as fleet:
        speaker = connected(Peer("localhost", broker.port, context), peers)
        speaker.publish(booth.topic(TopicKind.BIRTH), booth.birth(), is_retained=True)
        for document in booth.sightings(2):
            speaker.publish(booth.topic(TopicKind.SIGHTING), document)
        found = [fleet.next_within(PATIENCE_S) for _ in range(3)]
    assert [type(each) for each in found] == [VerifiedBirth, VerifiedSighting, VerifiedSighting]


def test_second_program_with_one_certificate_is_named_to_the_first(broker: TlsMosquitto) -> None:
    with (
        subscriber(broker, broker.consumer(), name="first") as first,
        subscriber(broker, broker.consumer(), name="second"),
    ):
        wait_until(lambda: "with the same certificate" in str(first.trouble))
        assert "Client analytics already connected" in broker.log_file.read_text()


def test_programs_with_a_certificate_each_leave_each_other_alone(broker: TlsMosquitto) -> None:
    booth = booth_of(broker)
    context = broker.device(booth.address.device).context()
    with (
        closing_peers() as peers,
        subscriber(broker, broker.consumer("worker-1"), name="same") as first,
        subscriber(broker, broker.consumer("worker-2"), name="same") as second,
    ):
        speaker = connected(Peer("localhost", broker.port, context), peers)
        speaker.publish(booth.topic(TopicKind.BIRTH), booth.birth(), is_retained=True)
        for fleet in (first, second):
            assert isinstance(fleet.next_within(PATIENCE_S), VerifiedBirth)
            assert fleet.trouble is None


def test_consumer_without_a_certificate_is_told_so(broker: TlsMosquitto) -> None:
    fleet = subscriber(broker, broker.consumer(), certificate_file=None, key_file=None)
    with pytest.raises(BrokerRefusedError, match="certificate_file"), fleet:
        pytest.fail("nobody lets us in")


def test_consumer_with_a_booths_certificate_is_told_so(broker: TlsMosquitto) -> None:
    with (
        pytest.raises(BrokerRefusedError, match="authority that the broker does not know"),
        subscriber(broker, broker.device()),
    ):
        pytest.fail("nobody lets us in")


def test_broker_of_another_authority_is_not_believed(broker: TlsMosquitto, tmp_path: Path) -> None:
    stranger = shutil.copy(broker.consumer().certificate_file, tmp_path / "ca")
    with (
        pytest.raises(BrokerRefusedError, match="ca_file must hold the broker's"),
        subscriber(broker, broker.consumer(), ca_file=stranger),
    ):
        pytest.fail("nobody lets us in")


def test_broker_whose_certificate_nobody_here_knows_is_not_believed(broker: TlsMosquitto) -> None:
    with (
        pytest.raises(BrokerRefusedError, match="of another authority"),
        subscriber(broker, broker.consumer(), ca_file=None),
    ):
        pytest.fail("nobody lets us in")


def _no_pem(_files: ClientFiles, folder: Path) -> dict[str, object]:
    (folder / "ca").write_text("no certificate")
    return {"ca_file": folder / "ca"}


def _no_key(files: ClientFiles, folder: Path) -> dict[str, object]:
    return {"key_file": _private_copy(files.ca_file, folder)}


def _shared_key(files: ClientFiles, folder: Path) -> dict[str, object]:
    copy = _private_copy(files.key_file, folder)
    copy.chmod(0o640)
    return {"key_file": copy}


def _private_copy(file: Path, folder: Path) -> Path:
    copy = folder / "key"
    copy.write_bytes(file.read_bytes())
    copy.chmod(0o600)
    return copy


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_no_pem, "holds no sound PEM certificate"),
        (lambda _files, folder: {"ca_file": folder / "absent"}, "absent: cannot be read"),
        (lambda _files, _folder: {"key_file": None}, "belong together"),
        (_no_key, "are no PEM certificate and its key"),
        (_shared_key, r"others can reach it \(mode 0640\)"),
        (lambda _files, folder: {"key_file": folder / "absent"}, "absent: there is no such file"),
        (lambda _files, folder: {"certificate_file": folder / "absent"}, "cannot be read"),
        (lambda _files, folder: {"watchlist": folder / "absent"}, "cannot be read"),
        (lambda _files, _folder: {"site": "Lane 7"}, "site must have the form"),
        (lambda _files, _folder: {"oldest_s": 0}, "oldest_s must be at least 1"),
    ],
    ids=[
        "no PEM",
        "no authority",
        "half a pair",
        "no pair",
        "shared key",
        "no key",
        "no certificate",
        "no list",
        "no name",
        "age",
    ],
)
def test_file_that_is_wrong_is_named_before_anything_is_connected(
    broker: TlsMosquitto,
    tmp_path: Path,
    change: Callable[[ClientFiles, Path], dict[str, object]],
    sentence: str,
) -> None:
    files = broker.consumer()
    with (
        pytest.raises(SettingsError, match=sentence),
        subscriber(broker, files, **change(files, tmp_path)),
    ):
        pytest.fail("nothing was connected")


def test_pair_that_is_being_exchanged_does_not_end_a_consumer(
    broker: TlsMosquitto, tmp_path: Path
) -> None:
    files = broker.consumer()
    certificate = tmp_path / "certificate"
    certificate.write_bytes(files.certificate_file.read_bytes())
    with subscriber(broker, files, certificate_file=certificate) as fleet:
        certificate.write_text("half of a cert")
        broker.stop()
        wait_until(lambda: fleet.trouble is not None)
        broker.start()
        wait_until(lambda: fleet.trouble is None)


def test_key_with_a_password_is_refused_without_asking(
    broker: TlsMosquitto, tmp_path: Path
) -> None:
    files = broker.consumer()
    key = load_pem_private_key(files.key_file.read_bytes(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    (tmp_path / "key").write_bytes(locked)
    (tmp_path / "key").chmod(0o600)
    with (
        pytest.raises(SettingsError, match="its key without a password"),
        subscriber(broker, files, key_file=tmp_path / "key"),
    ):
        pytest.fail("nothing was connected")


def test_authority_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "authority.pub"
    path.write_bytes(base64url.encode(AUTHORITY.public_key.octets) + b"\n")
    assert read_authority_key(path).octets == AUTHORITY.public_key.octets


@pytest.mark.parametrize(
    "content", [b"", b"00" * 32, b"A" * 200, b"====\n"], ids=["empty", "hex", "long", "padding"]
)
def test_file_without_an_authority_says_what_belongs_there(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "authority.pub"
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match="43 base64url characters"):
        read_authority_key(path)
    with pytest.raises(KeyFileError, match="the key custodian gives you"):
        read_authority_key(tmp_path / "absent")


def bundle(broker: TlsMosquitto, path: Path, key: SigningKey = AUTHORITY) -> Path:
    deployment = Deployment(
        tenant="agency",
        authority=AUTHORITY.public_key,
        broker_ca_pem=broker.ca_file.read_text(),
        broker_host="localhost",
        devices_port=broker.port,
        consumers_port=broker.consumer_port,
        enrolment_url=None,
        made_at=broker.now,
    )
    path.write_bytes(sign_deployment(deployment, key) + b"\n")
    return path


def test_bundle_says_where_the_broker_is_and_whom_to_believe(
    broker: TlsMosquitto, tmp_path: Path
) -> None:
    files = broker.consumer()
    words = ["--deployment", str(bundle(broker, tmp_path / "deployment.lpr"))]
    words += ["--certificate", str(files.certificate_file), "--key", str(files.key_file)]
    options = parse_arguments(words).subscriber
    assert options.broker == f"mqtts://localhost:{broker.consumer_port}"
    with Subscriber(**vars(options)) as fleet:
        assert fleet.trouble is None


def test_bundle_is_good_wherever_a_key_is_asked_for(broker: TlsMosquitto, tmp_path: Path) -> None:
    path = bundle(broker, tmp_path / "deployment.lpr")
    assert read_authority_key(path).octets == AUTHORITY.public_key.octets


def test_bundle_that_another_key_signed_is_refused(
    broker: TlsMosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bundle(broker, tmp_path / "deployment.lpr", SigningKey.generate())
    with pytest.raises(SystemExit):
        parse_arguments(["--deployment", str(path)])
    assert "no sound deployment bundle" in capsys.readouterr().err
    with pytest.raises(KeyFileError, match="ask the key custodian for it again"):
        read_authority_key(path)
    with pytest.raises(SettingsError, match="ask the key custodian for it again"):
        tls_context(TlsFiles(path, None, None))


def test_broker_of_another_address_goes_before_the_bundles(
    broker: TlsMosquitto, tmp_path: Path
) -> None:
    path = bundle(broker, tmp_path / "deployment.lpr")
    chosen = parse_arguments(["mqtts://elsewhere", "--deployment", str(path)])
    assert chosen.subscriber.broker == "mqtts://elsewhere"
