from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY
from tests.support.forgeries import Attacker, attack, is_believed


def test_nothing_that_an_attacker_at_the_broker_tries_is_believed() -> None:
    tried = attack(1_800)
    assert tried.pop("believed") == 0
    assert len(tried) == 9
    assert set(tried.values()) == {200}


def test_what_the_booth_itself_says_is_believed_once() -> None:
    booth = (attacker := Attacker(0)).booth
    verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
    assert is_believed(verifier.receive(booth.topic(TopicKind.BIRTH), attacker.births[0]))
    topic = booth.topic(TopicKind.SIGHTING)
    verdicts = [verifier.receive(topic, attacker.genuine[0]) for _ in range(2)]
    assert [is_believed(each) for each in verdicts] == [True, False]
