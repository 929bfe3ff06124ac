"""Passages that were never driven, and a boot to sign them."""

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.log import Log
from edge_lpr.tokeniser.boot import Boot, new_boot_id
from edge_lpr.tokeniser.chain import Passage
from edge_lpr.tokeniser.condition import Condition
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.vision_watch import VisionWatch
from edge_lpr.tokens.suite1 import TokenPair
from edge_lpr.wire.birth import BirthClaims
from edge_lpr.wire.jws import SigningKey
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock

KEY = SigningKey.generate()
PASSAGE = Passage(
    at_unix_s=NOON_OF_THE_VECTORS,
    time_quality=TimeQuality.RTC,
    lane=2,
    direction="out",
    epoch=20_454,
    tokens=TokenPair(exact=bytes(range(16)), fold=bytes(range(16, 32))),
    confidence_bucket=1,
    reads_bucket=6,
)


def condition_of(vision: VisionWatch, clock: SetClock, *epochs: int) -> Condition:
    """Return a booth's condition: certificate for a hundred days, keys for some epochs."""
    return Condition(
        vision,
        Funnel().counters,
        lambda: epochs,
        certificate_ends_s=clock.now_unix_s + 100 * 86_400,
        clock=clock,
    )


def boot_of(key: SigningKey = KEY, *, test: bool = False, epochs: tuple[int, ...] = ()) -> Boot:
    claims = BirthClaims(
        certificate=b"header.payload.signature",
        boot=new_boot_id(),
        previous=None,
        software="1.2.3",
        models=bytes(32),
        camera_networked=False,
        tq=TimeQuality.NTP,
        test=test,
    )
    clock = SetClock()
    condition = condition_of(VisionWatch(clock), clock, *epochs)
    return Boot(claims, key, condition, Complaints(Log("test"), clock))
