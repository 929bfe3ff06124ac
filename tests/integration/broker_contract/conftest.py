"""One broker for the whole suite, and clients that are closed after each test."""

from collections.abc import Iterator

import pytest

from tests.support.contract_broker import ContractBroker, contract_broker
from tests.support.mqtt_peer import Peer, closing_peers


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContractBroker]:
    with contract_broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    with closing_peers() as peers:
        yield peers
