"""What a broker's reason code means for a technician, and what to do about it.

A broker may add a sentence of its own to a code (MQTT 5, ``ReasonString``). It comes from outside
and goes to the log, so it is cut to what a log line can bear.
"""

from collections.abc import Mapping
from typing import Final

from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

MAXIMUM_SENTENCE_CHARACTERS: Final = 120
"""Of the broker's own sentence; the rest is cut."""

_NOT_ALLOWED: Final = (
    "allow this client in the broker's configuration: its certificate's common name, its client "
    "identifier or, without TLS, anonymous clients"
)
_LATER: Final = "nothing here; the broker is tried again by itself"

_ADVICE: Final[Mapping[int, str]] = {
    130: "correct publisher.mqtt_version",
    132: "correct publisher.mqtt_version",
    133: "allow the client identifier, tenant.site.device, in the broker's configuration",
    134: _NOT_ALLOWED,
    135: _NOT_ALLOWED,
    136: _LATER,
    137: _LATER,
    138: "the broker has banned this client; ask who runs it why",
    140: _NOT_ALLOWED,
    142: "another client has this device's identifier; two booths may not have one device name",
    144: "allow the topics lpr/v1/... in the broker's configuration",
    149: "raise the broker's largest packet to 4096 bytes",
    151: "raise the broker's quota for this client, or free its queues",
    152: "ask who runs the broker why it ended the connection",
    154: "switch retained messages on at the broker; birth and status need them",
    155: "switch QoS 1 on at the broker",
    156: "correct publisher.broker_host: the broker refers to another server",
    157: "correct publisher.broker_host: the broker has moved",
    159: "raise the broker's limit of new connections; it is tried again by itself",
}
"""By MQTT 5's reason code; what is not here is looked up in the broker's log."""

_UNKNOWN: Final = "look into the broker's log for the reason"


def in_words(code: ReasonCode, properties: Properties | None) -> str:
    """Return a reason as the broker gives it.

    Args:
        code: Its reason code.
        properties: Of the same packet; may hold the broker's own sentence.

    Returns:
        The code's name, and the sentence behind a colon, of printable ASCII characters.
    """
    untrusted_sentence = str(getattr(properties, "ReasonString", ""))
    sentence = "".join(
        character
        for character in untrusted_sentence[:MAXIMUM_SENTENCE_CHARACTERS]
        if character.isascii() and character.isprintable()
    )
    return f"{code}: {sentence}" if sentence else str(code)


def advice_about(code: ReasonCode) -> str:
    """Return what a technician does about a refusal.

    Args:
        code: The broker's reason code.
    """
    return _ADVICE.get(code.value, _UNKNOWN)
