"""How many bytes the publisher sent that nothing explains.

The kernel counts what leaves the publisher's control group, by IP packet. Of that is explained::

    headers        packets x (IP 20 or 40, TCP 20, time stamp 12)
    connections    1 x (8 more of TCP options in a SYN, 256 for finding the broker's address)
    greetings      as the kernel counted them, at most 4,096 bytes a connection
    MQTT           what the publisher says it handed over
    TLS            22 bytes a record: header 5, kind 1, tag 16 (RFC 8446, section 5.2); a record
                   carries 2 bytes of MQTT at least
    sent again     as the kernel counted it, at most what was sent once

All but bytes and packets is the publisher's own word. So nothing is explained by more than the rest
of its word allows, and who says more is flagged; that it handed over other MQTT packets than it
says, and that it is over IPv6, cannot be seen here.

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

MINIMUM_MQTT_BYTES: Final = 2
"""Of a packet (MQTT 5, section 2.1); a record carries one at least."""


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
        return (
            self.packets * headers
            + self.connections * SYN_OPTIONS_BYTES
            + self._greetings()
            + self.mqtt_bytes
            + min(self.records, self._most_records()) * RECORD_BYTES
            + min(self.resent_bytes, self._most_resent())
        )

    def contradiction(self) -> str | None:
        """Return which number of the publisher's is more than its others allow, if one is."""
        for name, said, most in (
            ("records", self.records, self._most_records()),
            ("resent_bytes", self.resent_bytes, self._most_resent()),
        ):
            if said > most:
                return f"{name} {said:,}, and at most {most:,} are possible"
        return None

    def unexplained_bytes(self) -> int:
        """Return what is left; negative if less left than was said."""
        return self.sent_bytes - self.explained_bytes()

    def is_flagged(self) -> bool:
        """Return whether more is unexplained than may be."""
        return self.unexplained_bytes() > LIMIT_BYTES + self.connections * ADDRESS_BYTES

    def _greetings(self) -> int:
        """Return how many bytes of greetings can be."""
        return min(self.greeting_bytes, self.connections * MAXIMUM_GREETING_BYTES)

    def _most_records(self) -> int:
        """Return how many TLS records the MQTT packets can have had."""
        return self.mqtt_bytes // MINIMUM_MQTT_BYTES

    def _most_resent(self) -> int:
        """Return how many bytes there were that could be sent again, each once."""
        records = min(self.records, self._most_records()) * RECORD_BYTES
        return self.mqtt_bytes + records + self._greetings()
