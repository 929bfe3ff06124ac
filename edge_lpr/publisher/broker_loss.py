"""The log line of a connection that was lost or never came about.

Three events, because three different people act on them: ``broker_unreachable`` is for whoever
sees to the network, ``broker_tls_failed`` for whoever issues certificates, ``broker_refused`` for
whoever runs the broker.
"""

from typing import Final

from edge_lpr.core.errors import BrokerError, BrokerRefusedError, BrokerTlsError
from edge_lpr.core.log import Log
from edge_lpr.publisher.broker import Broker

_SAFE: Final = "sightings wait in the outbox"

_REFUSED: Final = (
    "the broker said no: allow this client in the broker's configuration, or correct "
    "publisher.mqtt_version"
)


def log_loss(log: Log, error: BrokerError, broker: Broker, wait_s: float) -> None:
    """Write why there is no connection, what to do, and when it is tried again.

    Args:
        log: The publisher's.
        error: Why; with advice where its reason tells what to do.
        broker: With whom.
        wait_s: Time until the next attempt, in seconds.
    """
    event, advice = (
        "broker_unreachable",
        (
            f"nobody answers at {broker.host}:{broker.port}; start the broker or correct "
            "publisher.broker_host and publisher.broker_port"
        ),
    )
    if isinstance(error, BrokerTlsError):
        event = "broker_tls_failed"
    elif isinstance(error, BrokerRefusedError):
        event, advice = "broker_refused", _REFUSED
        if broker.tls is None:
            advice += "; a TLS port needs publisher.tls_ca_file and the two files beside it"
    log.warning(
        event,
        host=broker.host,
        port=broker.port,
        reason=str(error),
        detail=f"{error.advice or advice}; {_SAFE}",
        wait_s=round(wait_s, 1),
    )
