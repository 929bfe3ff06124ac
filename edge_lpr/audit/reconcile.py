"""How many bytes the publisher sent that nothing explains.

The kernel counts what leaves the publisher's control group, by IP packet. Of that is explained::

    headers        packets x (IP 20 or 40, TCP 20, time stamp 12)
    connections    1 x (8 more of TCP options in a SYN, 256 for finding the broker's address)
    greetings      as the kernel counted them, at most 4,096 bytes a connection
    MQTT           what the publisher says it handed over
    TLS            22 bytes a record: header 5, kind 1, tag 16 (RFC 8446, section 5.2)
    sent again     as the kernel counted it

The rest is unexplained. It is a little off zero in every window, because the counters are not read
in one instant, and what is too much in one is too little in the next. An upper limit is kept for
each window, the sum is printed for all of them.
"""

from dataclasses import dataclass
from typing import Final

WINDOW_S: Final = 300
"""Length of a window."""

LIMIT_BYTES: Final = 2_500
"""Of a window: more than two sightings that fell between the counters; half of a leak of 5 kB."""

IPV4_HEADERS_BYTES: Final = 52
"""IPv4 (RFC 791), TCP (RFC 9293) and its time stamp option with two of padding (RFC 7323)."""

IPV6_HEADERS_BYTES: Final = 72
"""The same with IPv6 (RFC 8200)."""

SYN_OPTIONS_BYTES: Final = 8
"""A SYN has 20 bytes of options, 12 of which are the time stamp and its padding."""

ADDRESS_BYTES: Final = 256
"""Two questions to a name server, A and AAAA, without their headers; asked twice at most."""

MAXIMUM_GREETING_BYTES: Final = 4_096
"""ClientHello with a post-quantum share (1.5 kB), certificates, signature, Finished."""

RECORD_BYTES: Final = 22
"""What TLS 1.3 adds to a record."""


@dataclass(frozen=True, slots=True)
class Egress:
    """What is known of one window."""

    sent_bytes: int
    """By the kernel: IP packets of the publisher's control group."""
    packets: int
    """How many, likewise."""
    connections: int
    """By the publisher, as all that follows."""
    greeting_bytes: int
    """Of TLS and proxy greetings."""
    mqtt_bytes: int
    """Of MQTT packets."""
    records: int
    """TLS records."""
    resent_bytes: int
    """That TCP sent again."""
    is_ipv6: int
    """1 over IPv6."""

    def explained_bytes(self) -> int:
        """Return how much of ``sent_bytes`` has a reason."""
        headers = IPV6_HEADERS_BYTES if self.is_ipv6 else IPV4_HEADERS_BYTES
        greetings = min(self.greeting_bytes, self.connections * MAXIMUM_GREETING_BYTES)
        return (
            self.packets * headers
            + self.connections * SYN_OPTIONS_BYTES
            + greetings
            + self.mqtt_bytes
            + self.records * RECORD_BYTES
            + self.resent_bytes
        )

    def unexplained_bytes(self) -> int:
        """Return what is left; negative if less left than was said."""
        return self.sent_bytes - self.explained_bytes()

    def is_flagged(self) -> bool:
        """Return whether more is unexplained than may be."""
        return self.unexplained_bytes() > LIMIT_BYTES + self.connections * ADDRESS_BYTES
