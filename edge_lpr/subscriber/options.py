"""What a consumer asks for: whom to believe, where to listen, and how to be given what comes."""

import re
import secrets
import socket
import sys
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import SettingsError
from edge_lpr.subscriber.broker_url import BrokerUrl, parse_broker_url
from edge_lpr.subscriber.key_files import TlsFiles, read_authority_key
from edge_lpr.subscriber.mqtt_link import MqttLink
from edge_lpr.subscriber.paho_session import SessionWishes
from edge_lpr.subscriber.reception import Reception, ReceptionRules
from edge_lpr.subscriber.resend import ResendDesk
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.subscriber.watch_list_file import Search
from edge_lpr.wire.jws import PublicKey, load_signing_key
from edge_lpr.wire.topics import NAME_PATTERN, TopicKind

FilePath: TypeAlias = Path | str

_QUALITIES: Final = {
    # Retained, or soon to be repeated: what the broker drops of these is fetched again, and they
    # pass by the sightings that wait for an acknowledgement.
    TopicKind.BIRTH: 0,
    TopicKind.STATUS: 0,
    TopicKind.HEALTH: 0,
    TopicKind.CHECKPOINT: 0,
    TopicKind.SIGHTING: 1,
    TopicKind.GAP: 1,
}
_ANY: Final = "+"
_NOT_IN_A_NAME: Final = re.compile(r"[^0-9A-Za-z.-]+")
_MAXIMUM_NAME_CHARACTERS: Final = 64


@dataclass(eq=False)
class SubscriberOptions:
    """Everything that a consumer can say; only broker and authority have to be said."""

    broker: str
    """``mqtts://HOST[:PORT]``; ``mqtt://`` for a broker on this machine."""
    _: KW_ONLY
    authority_key: FilePath | PublicKey
    """The authority's public key, or a file with it, which the key custodian gives you: pinned.
    The deployment bundle is such a file too."""
    ca_file: FilePath | None = None
    """PEM certificates of the broker's authority, or the deployment bundle, which has them; those
    that this machine trusts if left out."""
    certificate_file: FilePath | None = None
    """PEM certificate of this consumer for the broker."""
    key_file: FilePath | None = None
    """Its private key."""
    request_key_file: FilePath | None = None
    """Key that signs requests; without one, what is missing is said and not asked for."""
    watchlist: FilePath | None = None
    """Compiled watch-list, or the folder that ``edge-lpr authority watchlist compile`` writes;
    sightings that match have a ``hit``. Read again when it changes."""
    tenant: str = _ANY
    """Only this agency's booths; all by default. ``site`` and ``device`` likewise."""
    site: str = _ANY
    """Only this crossing's booths."""
    device: str = _ANY
    """Only booths of this name."""
    name: str | None = None
    """Under this name the broker keeps our place; two programs must not share one. By default
    made from the machine's and the program's name. The shipped broker takes the common name of the
    certificate instead, so there two programs must not share a certificate."""
    keeps_place: bool = True
    """Whether the broker keeps what comes while we are away, for a week."""
    memory_file: FilePath | None = None
    """Where to keep, across restarts, which numbers came and were done with. Without it, counting
    begins anew: what is missing from before is not noticed, and the last ones may come twice."""
    oldest_s: int | None = None
    """Passages longer ago are refused (``RefusalReason.TOO_OLD``): how long you keep sightings,
    because after that no unique key of yours tells a replayed one any more. No limit by default."""
    order_s: float = 2.0
    """Longest time that a sighting is held for those before it; 0 hands out as they come."""
    connect_timeout_s: float = 30.0
    """How long the first connection is tried before that is an error; later ones for ever."""
    mqtt_version: Literal["5", "3.1.1"] = "5"
    """What the broker speaks."""

    def topic_filters(self) -> list[tuple[str, int]]:
        """Return what to subscribe to, with its quality of service.

        Raises:
            SettingsError: Tenant, site or device is no name.
        """
        for word, value in (("tenant", self.tenant), ("site", self.site), ("device", self.device)):
            if value != _ANY and NAME_PATTERN.fullmatch(value) is None:
                raise SettingsError(f"{word} must have the form {NAME_PATTERN.pattern}")
        return [(self._filter(kind), quality) for kind, quality in _QUALITIES.items()]

    def births_filter(self) -> str:
        """Return the topics of all births."""
        return self._filter(TopicKind.BIRTH)

    def _filter(self, kind: TopicKind) -> str:
        """Return the topics of one kind."""
        return f"lpr/v1/{self.tenant}/{self.site}/{self.device}/{kind.value}"


def open_link(options: SubscriberOptions) -> MqttLink:
    """Prepare the connection to the broker.

    Args:
        options: What the consumer asks for.

    Returns:
        The link, not started.

    Raises:
        SettingsError: The broker's URL or a file is not what it should be.
    """
    broker: BrokerUrl = parse_broker_url(options.broker)
    files = TlsFiles(
        _path(options.ca_file), _path(options.certificate_file), _path(options.key_file)
    )
    wishes = SessionWishes(
        client_id=options.name or _default_name(keeps_place=options.keeps_place),
        keeps_place=options.keeps_place,
        is_mqtt5=options.mqtt_version == "5",
        subscriptions=options.topic_filters(),
    )
    return MqttLink(broker, files, wishes)


def open_reception(
    options: SubscriberOptions, clock: Clock, watch_list: Search | None
) -> Reception:
    """Prepare the rules by which messages are judged and handed out.

    Args:
        options: What the consumer asks for.
        clock: For certificates, requests and patience.
        watch_list: What is looked for.

    Returns:
        The rules, with nothing received.

    Raises:
        KeyFileError: A key file is missing or damaged.
        SettingsError: ``oldest_s`` is not what it should be.
    """
    authority = options.authority_key
    if not isinstance(authority, PublicKey):
        authority = read_authority_key(Path(authority))
    resend_desk = None
    if options.request_key_file is not None:
        resend_desk = ResendDesk(load_signing_key(Path(options.request_key_file)), clock)
    rules = ReceptionRules(options.order_s, watch_list)
    if options.oldest_s is not None and options.oldest_s < 1:
        raise SettingsError("oldest_s must be at least 1 second, or None for no limit")
    verifier = FleetVerifier(authority, clock, options.oldest_s)
    return Reception(verifier, clock, rules, resend_desk)


def _default_name(*, keeps_place: bool) -> str:
    """Return a name that the same program has again after a restart, if it is to keep its place."""
    program = Path(sys.argv[0]).stem or "python"
    name = _NOT_IN_A_NAME.sub("-", f"{socket.gethostname()}.{program}")[:_MAXIMUM_NAME_CHARACTERS]
    return name if keeps_place else f"{name}.{secrets.token_hex(4)}"


def _path(file: FilePath | None) -> Path | None:
    """Return a path, if there is one."""
    return None if file is None else Path(file)
