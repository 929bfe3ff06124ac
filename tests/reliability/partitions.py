"""The network between booth and broker is cut or slow again and again while sightings flow."""

import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from tests.reliability.namespace import Namespace
from tests.reliability.receiver import ACCESS_LIST, Receiver, tls_settings
from tests.support.publisher_bench import PublisherProcess, TokeniserStandIn
from tests.support.signer import BOOTH, Signer
from tests.support.tls_broker import TlsMosquitto
from tests.support.waiting import wait_until

_ACCESS_LIST: Final = ACCESS_LIST.replace("/north/", f"/{BOOTH.site}/")

LONG_CUT_S: Final = 30.0
"""Longer than the publisher waits for a PUBACK, so that it gives the connection up."""

_SHORT_CUT_S: Final = 3.0
_LONG_SHARE: Final = 0.1
_MENDED_S: Final = 2.0
_PASSAGES_HZ: Final = 20.0


class ReachableBroker(TlsMosquitto):
    """A broker as it is shipped that also listens outside of the loopback."""

    def __init__(self, folder: Path, address: str, access_list: str = _ACCESS_LIST) -> None:
        """Write its configuration; nothing runs before ``start``.

        Args:
            folder: Existing folder for everything.
            address: Numeric address of this machine, for the certificate.
            access_list: Who may use it.
        """
        self._address = address
        super().__init__(folder, access_list)

    def configure(
        self, *, allow_anonymous: bool = False, is_persistent: bool = True, more: str = ""
    ) -> None:
        """Write certificates, rules and the shipped configuration."""
        super().configure(allow_anonymous=allow_anonymous, is_persistent=is_persistent, more=more)
        self.laboratory.certify(self.access, ["localhost", "127.0.0.1", self._address])
        file = self._folder / "mosquitto.conf"
        loopback = f"listener {self.port} 127.0.0.1\n"
        file.write_text(file.read_text().replace(loopback, f"listener {self.port}\n"))


@contextmanager
def _running(folder: Path, address: str) -> Iterator[ReachableBroker]:
    """Give a running broker, and end it whatever happens."""
    broker = ReachableBroker(folder, address)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def partition(cuts: int, *, seed: int, has_long_cuts: bool = True) -> dict[str, Any]:
    """Cut the network so many times or make it slow, let everything arrive, and compare.

    Args:
        cuts: How many times.
        seed: Decides how long each lasts.
        has_long_cuts: Whether one in ten lasts until the publisher gives the connection up.

    Returns:
        ``cuts``, ``given_up`` (connections that the publisher gave up), ``committed``, and what
        ``Judgement.compare`` says.

    Raises:
        NamespaceError: This machine lets nobody make a namespace.
    """
    chance = random.Random(seed)  # noqa: S311 - a test, repeatable
    wait = threading.Event().wait
    signer = Signer()
    is_over = threading.Event()
    with (
        tempfile.TemporaryDirectory(prefix="edge-lpr-") as name,
        Namespace() as network,
        _running(Path(name), network.address) as broker,
    ):
        settings = tls_settings(broker) | {"broker_host": network.address}
        with (
            closing(Receiver(broker, signer.authority_key.public_key, signer.clock)) as receiver,
            closing(PublisherProcess(Path(name) / "publisher", broker.port, settings)) as publisher,
            closing(TokeniserStandIn(publisher.socket_path, signer)) as tokeniser,
        ):
            publisher.start(command_prefix=network.command_prefix)
            tokeniser.greet()

            def drive() -> None:
                while not is_over.wait(1 / _PASSAGES_HZ):
                    tokeniser.hand_over(1)

            driver = threading.Thread(target=drive)
            driver.start()
            try:
                for number in range(cuts):
                    wait(chance.uniform(0.0, _MENDED_S))
                    begin, end = (
                        (network.throttle, network.open_up)
                        if number % 4 == 1
                        else (network.cut, network.mend)
                    )
                    begin()
                    is_long = has_long_cuts and chance.random() < _LONG_SHARE
                    wait(LONG_CUT_S if is_long else chance.uniform(0.0, _SHORT_CUT_S))
                    end()
            finally:
                is_over.set()
                driver.join()
            committed = tokeniser.handed_over
            wait_until(
                lambda: len({each.payload for each in receiver.sightings()}) >= len(committed),
                deadline_s=180,
            )
            given_up = len(publisher.events("broker_unreachable"))
            stopped = publisher.stop()
            judgement = receiver.judge()
    return {
        "cuts": cuts,
        "given_up": given_up,
        "committed": len(committed),
        "failed_stops": int(stopped != 0),
        "came_twice": judgement.duplicates,
    } | judgement.compare(committed)
