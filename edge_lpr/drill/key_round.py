"""Keys come over the broker: every booth announces itself, gets a delivery, and takes it."""

from collections.abc import Collection, Sequence
from typing import Final

from edge_lpr.drill.broker_side import sender
from edge_lpr.drill.real_booth import RealBooth
from edge_lpr.drill.waiting import wait_until
from edge_lpr.drill.world import World
from edge_lpr.wire import jws
from edge_lpr.wire.topics import TopicKind, topic
from edge_lpr.wire.transport import TransportClaims

_KEYS_S: Final = 120.0


def bring_keys(world: World, booths: Collection[RealBooth], epochs: Sequence[int]) -> None:
    """Have the custodian issue keys, and wait until every booth has taken its own.

    Args:
        world: Its custodian's clock says when.
        booths: Running.
        epochs: For which days, ascending.

    Raises:
        DrillError: A booth has not announced itself, or has not taken them, in time.
    """
    wait_until(
        lambda: _have_announced(world, booths),
        "a booth has not announced itself",
        within_s=_KEYS_S,
    )
    _hear(world)
    numbers = {}
    with sender(world.broker.port, "custodian") as connected:
        for booth in booths:
            address = booth.identity.address
            connected.send(
                topic(address, TopicKind.KEYS), world.custodian.delivery(address, epochs)
            )
            row = world.custodian.authority.devices.get(address.site, address.device)
            numbers[address.device] = row.last_delivery
        connected.flush()
    wait_until(
        lambda: _have_taken(world, numbers), "a booth has not taken its keys", within_s=_KEYS_S
    )
    _hear(world)


def _hear(world: World) -> None:
    """Have the custodian take every announcement that was recorded."""
    for _, document in world.recorder.payloads(f"/{TopicKind.TRANSPORT.value}"):
        world.custodian.hear(document)


def _have_announced(world: World, booths: Collection[RealBooth]) -> bool:
    """Return whether every booth has announced a transport key."""
    for booth in booths:
        booth.check()
    return {booth.identity.address.device for booth in booths} <= set(_announced(world))


def _have_taken(world: World, numbers: dict[str, int]) -> bool:
    """Return whether every booth says that it has taken its delivery."""
    announced = _announced(world)
    return all(announced[device].delivery >= number for device, number in numbers.items())


def _announced(world: World) -> dict[str, TransportClaims]:
    """Return each booth's latest announcement."""
    return {
        path.split("/")[4]: TransportClaims.decode(
            jws.parse(document, len(document)).untrusted_payload
        )
        for path, document in world.recorder.payloads(f"/{TopicKind.TRANSPORT.value}")
    }
