"""The byte ledger where a process or an account begins anew, or is away for a while."""

from dataclasses import replace

import pytest

from edge_lpr.audit.ledger import Ledger
from edge_lpr.audit.unit_states import UnitState
from edge_lpr.core.sent_account import SentAccount

PUBLISHER = UnitState(active="active", invocation="a" * 32, sent_bytes=9_000, sent_packets=90)
ACCOUNT = SentAccount(start=1, mqtt_bytes=7_000, records=10)


def second_window(
    before: tuple[UnitState, SentAccount | None], now: tuple[UnitState, SentAccount | None]
) -> dict[str, int | str]:
    ledger = Ledger()
    ledger.close({"publisher": before[0]}, before[1])
    return ledger.window({"publisher": now[0]}, now[1])


@pytest.mark.parametrize(
    ("now", "account"),
    [
        pytest.param(
            replace(PUBLISHER, invocation="b" * 32, sent_bytes=70), ACCOUNT, id="invocation"
        ),
        pytest.param(replace(PUBLISHER, restarts=1, sent_bytes=70), ACCOUNT, id="restarts"),
        pytest.param(PUBLISHER, replace(ACCOUNT, start=2), id="account"),
    ],
)
def test_start_within_a_window_is_marked(now: UnitState, account: SentAccount) -> None:
    assert second_window((PUBLISHER, ACCOUNT), (now, account))["anew"] == "publisher"


def test_window_without_a_start_has_no_mark() -> None:
    assert "anew" not in second_window((PUBLISHER, ACCOUNT), (PUBLISHER, ACCOUNT))
    never = UnitState(active="inactive")
    assert "anew" not in second_window((never, None), (PUBLISHER, ACCOUNT))


def test_first_account_of_a_booths_start_is_compared_from_its_beginning() -> None:
    # The recorder is started before the publisher.
    sums = second_window((UnitState(active="inactive"), None), (PUBLISHER, ACCOUNT))
    assert (sums["sent_bytes"], sums["mqtt_bytes"]) == (9_000, 7_000)


def test_account_that_was_away_does_not_explain_what_was_sent_before() -> None:
    later = replace(PUBLISHER, sent_bytes=14_000)
    sums = second_window((PUBLISHER, None), (later, ACCOUNT))
    assert sums["sent_bytes"] == 5_000
    assert "mqtt_bytes" not in sums
