"""Deliveries open for their device alone, are counted, and obey tier and state."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.issuing import make_delivery, mark_sent
from edge_lpr.authority.renewal import (
    away,
    forget_old_deliveries,
    missing_epochs,
    purpose_for,
    take_announcements,
    wanted_epochs,
)
from edge_lpr.core.errors import (
    AuthorityError,
    InputRefusedError,
    NotAllowedError,
    VerificationError,
)
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.key_delivery import open_delivery
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic
from tests.support.authority import Booth, Folders, memory_folder, today
from tests.support.clock import SetClock

DAY_S = 86_400


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def authority(clock: SetClock) -> Iterator[Authority]:
    with memory_folder() as folder, Folders(folder).create(clock) as made:
        yield made


@pytest.fixture
def booth(authority: Authority) -> Booth:
    return Booth(authority)


def announce(authority: Authority, booth: Booth, *epochs: int, at: int | None = None) -> list[str]:
    now = authority.clock.unix_s() if at is None else at
    return take_announcements(
        authority,
        {topic(booth.address, TopicKind.TRANSPORT): booth.announcement(now, epochs)},
    )


def test_delivery_brings_the_authoritys_keys(authority: Authority, booth: Booth) -> None:
    day = today(authority)
    document = make_delivery(authority, booth.row(authority), [day, day + 1])
    delivery = open_delivery(document, authority.deployment.authority, booth.transport_key)
    assert delivery.address == booth.address
    assert delivery.purpose is KeyPurpose.LIVE
    assert delivery.last_valid == (day + 2) * DAY_S - 1
    assert [each.epoch for each in delivery.keys] == [day, day + 1]
    for keys in delivery.keys:
        held = authority.epoch_keys("north", keys.epoch)
        assert (bytes(keys.stretch), bytes(keys.site)) == (bytes(held.stretch), bytes(held.site))


def test_delivery_does_not_open_for_another_device(authority: Authority, booth: Booth) -> None:
    document = make_delivery(authority, booth.row(authority), [today(authority)])
    with pytest.raises(VerificationError):
        open_delivery(document, authority.deployment.authority, TransportKey.generate())


def test_numbers_of_deliveries_rise_however_the_clock_goes(
    authority: Authority, booth: Booth, clock: SetClock
) -> None:
    numbers = []
    for step in (0, 0, -3600):
        clock.advance_s(step)
        document = make_delivery(authority, booth.row(authority), [today(authority)])
        delivery = open_delivery(document, authority.deployment.authority, booth.transport_key)
        numbers.append(delivery.number)
    assert numbers == sorted(set(numbers))


def test_next_delivery_has_a_larger_number_than_the_last_that_the_booth_took(
    authority: Authority, booth: Booth
) -> None:
    # As after a restored backup, if the clock was ahead when that one was made.
    taken = authority.clock.unix_s() + 100 * DAY_S
    transport = topic(booth.address, TopicKind.TRANSPORT)
    announced = booth.announcement(authority.clock.unix_s(), delivery=taken)
    assert take_announcements(authority, {transport: announced}) == []
    document = make_delivery(authority, booth.row(authority), [today(authority)])
    delivery = open_delivery(document, authority.deployment.authority, booth.transport_key)
    assert delivery.number == taken + 1


def test_booth_in_other_hands_cannot_use_up_the_numbers(authority: Authority, booth: Booth) -> None:
    transport = topic(booth.address, TopicKind.TRANSPORT)
    announced = booth.announcement(authority.clock.unix_s(), delivery=MAXIMUM_SEQUENCE)
    assert take_announcements(authority, {transport: announced}) == []
    document = make_delivery(authority, booth.row(authority), [today(authority)])
    delivery = open_delivery(document, authority.deployment.authority, booth.transport_key)
    assert delivery.number == authority.clock.unix_s()


@pytest.mark.parametrize(
    ("offsets", "sentence"),
    [
        pytest.param([], "1 to 8", id="none"),
        pytest.param(list(range(9)), "1 to 8", id="nine"),
        pytest.param([-1, 0], "past", id="yesterday"),
    ],
)
def test_epochs_that_no_device_needs_are_refused(
    authority: Authority, booth: Booth, offsets: list[int], sentence: str
) -> None:
    epochs = [today(authority) + offset for offset in offsets]
    with pytest.raises(InputRefusedError, match=sentence):
        make_delivery(authority, booth.row(authority), epochs)


def test_tier_c_gets_no_live_keys_unless_that_was_allowed(authority: Authority) -> None:
    booth = Booth(authority, tier=CustodyTier.C)
    with pytest.raises(NotAllowedError, match="tier C"):
        make_delivery(authority, booth.row(authority), [today(authority)])
    assert purpose_for(booth.row(authority)) is KeyPurpose.TEST
    make_delivery(authority, booth.row(authority), [today(authority)], purpose=KeyPurpose.TEST)
    authority.devices.allow_tier_c(booth.address, "trial until May")
    assert purpose_for(booth.row(authority)) is KeyPurpose.LIVE
    make_delivery(authority, booth.row(authority), [today(authority)])


def test_booth_that_was_enrolled_for_test_keys_never_gets_others(
    authority: Authority, booth: Booth
) -> None:
    row = replace(booth.row(authority), purpose=KeyPurpose.TEST, tier_c_reason="trial")
    authority.devices.add(row, authority.clock.unix_s())
    assert purpose_for(booth.row(authority)) is KeyPurpose.TEST
    with pytest.raises(NotAllowedError, match="enrolled for test keys"):
        make_delivery(authority, booth.row(authority), [today(authority)])
    make_delivery(authority, booth.row(authority), [today(authority)], purpose=KeyPurpose.TEST)


def test_test_keys_on_their_way_hold_up_no_others(authority: Authority, booth: Booth) -> None:
    wanted = wanted_epochs(authority)
    make_delivery(authority, booth.row(authority), wanted, purpose=KeyPurpose.TEST)
    mark_sent(authority, booth.row(authority))
    assert missing_epochs(authority, booth.row(authority)) == wanted


@pytest.mark.parametrize("end", ["revoke", "decommission"])
def test_device_that_went_out_of_service_meanwhile_gets_no_keys(
    authority: Authority, booth: Booth, end: str
) -> None:
    read_before = booth.row(authority)
    getattr(authority.devices, end)(booth.address)
    with pytest.raises(NotAllowedError, match="gets no keys"):
        make_delivery(authority, read_before, [today(authority)])


@pytest.mark.parametrize("end", ["revoke", "decommission"])
def test_device_out_of_service_gets_no_keys(authority: Authority, booth: Booth, end: str) -> None:
    getattr(authority.devices, end)(booth.address)
    with pytest.raises(NotAllowedError, match="gets no keys"):
        make_delivery(authority, booth.row(authority), [today(authority)])
    assert authority.devices.active() == []


def test_refused_delivery_leaves_no_trace_in_the_counts(authority: Authority, booth: Booth) -> None:
    authority.vault.destroy([today(authority)])
    with pytest.raises(Exception, match="destroyed"):
        make_delivery(authority, booth.row(authority), [today(authority)])
    assert booth.row(authority).last_delivery == 0
    assert authority.store.rows("SELECT 1 FROM delivery") == []


def test_every_delivery_is_in_the_journal(authority: Authority, booth: Booth) -> None:
    make_delivery(authority, booth.row(authority), [today(authority)])
    (entry,) = [each for each in authority.journal.entries() if each.call == "delivery"]
    assert entry.details["device"] == "north/booth-1"
    assert entry.details["epochs"] == str(today(authority))


def test_device_lacks_what_it_neither_holds_nor_is_being_sent(
    authority: Authority, booth: Booth
) -> None:
    day = today(authority)
    announce(authority, booth, day, day + 1)
    assert missing_epochs(authority, booth.row(authority)) == (day + 2, day + 3)
    make_delivery(authority, booth.row(authority), [day + 2])
    assert missing_epochs(authority, booth.row(authority)) == (day + 2, day + 3)
    mark_sent(authority, booth.row(authority))
    assert missing_epochs(authority, booth.row(authority)) == (day + 3,)


def test_delivery_that_was_not_taken_in_an_hour_is_made_again(
    authority: Authority, booth: Booth, clock: SetClock
) -> None:
    make_delivery(authority, booth.row(authority), wanted_epochs(authority))
    mark_sent(authority, booth.row(authority))
    assert missing_epochs(authority, booth.row(authority)) == ()
    clock.advance_s(3600)
    assert missing_epochs(authority, booth.row(authority)) == wanted_epochs(authority)


def test_delivery_from_before_a_booths_last_word_was_lost(
    authority: Authority, booth: Booth, clock: SetClock
) -> None:
    make_delivery(authority, booth.row(authority), wanted_epochs(authority))
    mark_sent(authority, booth.row(authority))
    clock.advance_s(60)
    announce(authority, booth)
    assert missing_epochs(authority, booth.row(authority)) == wanted_epochs(authority)


def test_booth_is_away_only_if_its_status_says_so() -> None:
    statuses = {
        "lpr/v1/agency/north/booth-1/status": encode_status("0" * 16, is_online=False),
        "lpr/v1/agency/north/booth-2/status": encode_status("0" * 16, is_online=True),
        "lpr/v1/agency/north/booth-3/status": b"nonsense",
        "lpr/v1/agency/north/booth-4/birth": encode_status("0" * 16, is_online=False),
        "nonsense": b"",
    }
    assert away(statuses) == {DeviceAddress("agency", "north", "booth-1")}


def test_older_word_under_the_same_key_changes_nothing(authority: Authority, booth: Booth) -> None:
    now = authority.clock.unix_s()
    announce(authority, booth, today(authority))
    assert announce(authority, booth, at=now - 5) == []
    assert booth.row(authority).announced_epochs == (today(authority),)


def test_device_with_a_new_transport_key_and_no_keys_is_sent_all_at_once(
    authority: Authority, booth: Booth
) -> None:
    make_delivery(authority, booth.row(authority), wanted_epochs(authority))
    mark_sent(authority, booth.row(authority))
    booth.turn_key()
    assert announce(authority, booth) == []
    assert missing_epochs(authority, booth.row(authority)) == wanted_epochs(authority)


def test_older_announcement_changes_nothing(authority: Authority, booth: Booth) -> None:
    old = booth.announcement(authority.clock.unix_s(), ())
    booth.turn_key()
    announce(authority, booth, today(authority))
    newest = booth.transport_key.public_key.octets
    name = topic(booth.address, TopicKind.TRANSPORT)
    assert take_announcements(authority, {name: old}) == []
    known = booth.row(authority)
    assert known.transport_key is not None
    assert known.transport_key.octets == newest
    assert known.announced_epochs == (today(authority),)


def test_announcement_of_a_stranger_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    with Folders(tmp_path / "other").create() as other:
        stranger = Booth(other, "booth-9")
    Booth(authority, "booth-9")
    (reason,) = announce(authority, stranger)
    assert "booth-9/transport" in reason


def test_announcement_under_another_devices_topic_is_not_believed(
    authority: Authority, booth: Booth
) -> None:
    other = Booth(authority, "booth-2")
    document = other.announcement(authority.clock.unix_s())
    name = topic(booth.address, TopicKind.TRANSPORT)
    (reason,) = take_announcements(authority, {name: document})
    assert "another device's" in reason


def test_announcement_from_before_a_new_enrolment_is_not_believed(
    authority: Authority, booth: Booth
) -> None:
    Booth(authority)
    (reason,) = announce(authority, booth)
    assert "enrolled again" in reason


def test_announcement_of_a_device_out_of_service_is_passed_over(
    authority: Authority, booth: Booth
) -> None:
    authority.devices.revoke(booth.address)
    assert announce(authority, booth, today(authority)) == []
    assert booth.row(authority).announced_epochs == ()


def test_two_keys_under_one_number_are_not_believed(authority: Authority, booth: Booth) -> None:
    booth.transport_key = TransportKey.generate()
    (reason,) = announce(authority, booth)
    assert "two transport keys" in reason


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("lpr/v1/agency/north/booth-1/birth", b"x"),
        ("nonsense\x1b[2J", b"x"),
        ("lpr/v1/agency/north/booth-1/transport", b"x" * 3000),
        ("lpr/v1/agency/north/booth-1/transport", b"a.b.c"),
    ],
)
def test_garbage_from_the_broker_is_not_believed(
    authority: Authority, booth: Booth, name: str, document: bytes
) -> None:
    (reason,) = take_announcements(authority, {name: document})
    assert reason.isprintable()
    assert booth.row(authority).announced_at is None


@pytest.mark.parametrize("way", ["destroyed", "lost"])
def test_day_without_keys_does_not_keep_the_others_from_a_device(
    authority: Authority, booth: Booth, way: str
) -> None:
    day = today(authority)
    for epoch in (day, day + 1):
        authority.epoch_keys("north", epoch)
    if way == "destroyed":
        authority.vault.destroy([day + 1])
    else:
        authority.wrapping.destroy(f"epoch-{day + 1}")
    assert missing_epochs(authority, booth.row(authority)) == (day, day + 2, day + 3)
    make_delivery(authority, booth.row(authority), missing_epochs(authority, booth.row(authority)))


def test_after_a_restored_backup_everything_is_sent_again(
    authority: Authority, booth: Booth, clock: SetClock
) -> None:
    announce(authority, booth, *wanted_epochs(authority))
    assert missing_epochs(authority, booth.row(authority)) == ()
    clock.advance_s(60)
    authority.store.set_fact("reissue_from", str(clock.unix_s()))
    assert missing_epochs(authority, booth.row(authority)) == wanted_epochs(authority)


def test_notes_of_old_deliveries_are_forgotten(
    authority: Authority, booth: Booth, clock: SetClock
) -> None:
    make_delivery(authority, booth.row(authority), [today(authority)])
    clock.advance_s(100 * DAY_S)
    forget_old_deliveries(authority)
    assert authority.store.rows("SELECT 1 FROM delivery") == []


def test_device_that_nobody_enrolled_is_refused(authority: Authority) -> None:
    with pytest.raises(InputRefusedError, match="enrolled"):
        authority.devices.get("north", "nobody")


def test_device_of_another_tenant_is_refused(authority: Authority, booth: Booth) -> None:
    row = booth.row(authority)
    foreign = replace(row, address=DeviceAddress("rival", "north", "booth-1"))
    with pytest.raises(InputRefusedError, match="another tenant"):
        authority.devices.add(foreign, 0)


def test_row_that_makes_no_sense_is_told_from_a_missing_device(
    authority: Authority, booth: Booth
) -> None:
    with authority.store.transaction() as session:
        session.execute("UPDATE device SET announced_epochs = '{'")
    with pytest.raises(AuthorityError, match="damaged"):
        booth.row(authority)


def test_device_without_a_transport_key_waits(authority: Authority, booth: Booth) -> None:
    with authority.store.transaction() as session:
        session.execute("UPDATE device SET transport_key = NULL")
    with pytest.raises(InputRefusedError, match="announced no transport key"):
        make_delivery(authority, booth.row(authority), [today(authority)])


@pytest.mark.parametrize("change", ["revoke", "decommission"])
def test_device_that_is_not_there_cannot_be_changed(authority: Authority, change: str) -> None:
    with pytest.raises(InputRefusedError, match="enrolled"):
        getattr(authority.devices, change)(DeviceAddress("agency", "north", "nobody"))
