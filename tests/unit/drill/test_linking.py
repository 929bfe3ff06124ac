import hashlib

from edge_lpr.drill.linking import TimingLinks, TokenLinks, key_of, link_by_time, link_by_tokens
from edge_lpr.drill.records import TokenRecord

DAY = 20_000


def record_of(
    plate: str, *, day: int = 0, second: int = 0, site: str = "elm", lane: int = 1, seq: int = 0
) -> TokenRecord:
    """Return a passage whose tokens hold for one site and day, as they should."""
    token = hashlib.sha256(f"{plate} {day} {site}".encode()).digest()
    at = (DAY + day) * 86_400 + second
    where = (site, f"{site}-1", "boot", seq)
    return TokenRecord(*where, DAY + day, at, lane, "in", token[:16], token[16:])


def week_of(seconds: dict[str, tuple[int, ...]]) -> tuple[list[TokenRecord], dict[object, bytes]]:
    """Return a passage a day of each plate at the given seconds, and the truth."""
    records = [
        record_of(plate, day=day, second=second, seq=100 * day + place)
        for place, (plate, days) in enumerate(seconds.items())
        for day, second in enumerate(days)
    ]
    plates = {key_of(each): b"" for each in records}
    for each in records:
        plates[key_of(each)] = list(seconds)[each.seq % 100].encode()
    return records, dict(plates.items())


def test_tokens_of_one_site_and_day_link_and_no_others_do() -> None:
    records = [
        record_of("A", seq=1),
        record_of("A", seq=2),
        record_of("A", day=1, seq=3),
        record_of("A", site="fir", seq=4),
    ]
    assert link_by_tokens(records) == TokenLinks(across=0, within=1)


def test_a_token_that_holds_on_two_days_is_found() -> None:
    today = record_of("A", seq=1)
    tomorrow = TokenRecord(
        "elm", "elm-1", "boot", 2, DAY + 1, 0, 1, "in", today.exact, b"another fold tok"
    )
    assert link_by_tokens([today, tomorrow]).across == 1


def test_a_folded_token_alone_links_too() -> None:
    today = record_of("A", seq=1)
    tomorrow = TokenRecord(
        "elm", "elm-1", "boot", 2, DAY + 1, 0, 1, "in", b"another exact to", today.fold
    )
    assert link_by_tokens([today, tomorrow]).across == 1


def test_punctual_people_are_linked_by_time_alone() -> None:
    records, truth = week_of({"A": (30_000, 30_020), "B": (40_000, 39_990), "C": (50_000, 50_001)})
    links = link_by_time(records, truth, resolution_s=1)  # type: ignore[arg-type]
    assert links == TimingLinks(resolution_s=1, possible=3, made=3, right=3, by_chance=1.0)


def test_whoever_comes_much_later_is_not_linked() -> None:
    records, truth = week_of({"A": (30_000, 32_000)})
    assert link_by_time(records, truth, resolution_s=1).made == 0  # type: ignore[arg-type]


def test_two_who_come_in_the_same_minute_are_told_apart_by_seconds_only() -> None:
    records, truth = week_of({"A": (30_000, 30_050), "B": (30_055, 30_001)})
    links = link_by_time(records, truth, resolution_s=1)  # type: ignore[arg-type]
    assert (links.made, links.right) == (2, 0)


def test_another_lane_is_another_way() -> None:
    records = [record_of("A", seq=1), record_of("A", day=1, lane=2, seq=2)]
    truth = {key_of(each): b"A" for each in records}
    assert link_by_time(records, truth, resolution_s=1).made == 0
