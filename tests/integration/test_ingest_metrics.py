"""The port at which Prometheus asks."""

import socket

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.store.metrics import IngestMetrics


def test_taken_port_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SettingsError, match="a port of its own"):
            IngestMetrics().serve(other.getsockname()[1])
