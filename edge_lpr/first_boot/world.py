"""What the first boot needs of the machine, so that a test can be the machine."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from edge_lpr.core.clock import Clock
from edge_lpr.provisioning.sealing_choice import opened_sealing_key
from edge_lpr.provisioning.service_link import ServiceLink
from edge_lpr.provisioning.waiting import Link
from edge_lpr.tokens.sealing import SealingKey


@dataclass(frozen=True, slots=True)
class World:
    """The machine."""

    clock: Clock
    """The booth's."""
    sleep: Callable[[float], None]
    """Waits so many seconds."""
    say: Callable[[str], None]
    """Takes sentences for the journal."""
    open_link: Callable[[str, str, str | None], Link] = ServiceLink
    """Prepares the service, from its address, the certificates that vouch for it, and the proxy on
    the way, if there is one."""
    open_seal: Callable[[str], AbstractContextManager[SealingKey | None]] = opened_sealing_key
    """Opens what secret files are sealed under, made if there is none yet, by kind of custody."""
