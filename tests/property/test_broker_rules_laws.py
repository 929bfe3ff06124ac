"""Laws of the rules that a broker gets: nobody is given what the list does not say."""

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.broker.access_list import parse_access_list
from edge_lpr.broker.access_rules import consumer_rules, device_rules
from edge_lpr.core.errors import SettingsError

NAMES = st.text("abcxyz019-", min_size=1, max_size=32).filter(lambda name: name[0] != "-")
WORDS = st.sampled_from(
    [
        "device",
        "consumer",
        "authority",
        "requests",
        "a/b/c",
        "a/b/+",
        "a/#/c",
        "a",
        "a,b/c",
        "+",
        "\n",
        "\r",
        "\0",
        "é",
    ]
)
PLACES = st.dictionaries(NAMES, st.tuples(NAMES, NAMES), max_size=8)
"""Tenant and site of each booth, by its name."""


def users_of(rules: str) -> dict[str, list[str]]:
    """Return the rules of each user."""
    blocks = rules.split("\n\nuser ")[1:]
    return {block.splitlines()[0]: block.splitlines()[1:] for block in blocks}


@given(PLACES)
def test_every_booth_writes_and_reads_under_its_own_address_alone(
    places: dict[str, tuple[str, str]],
) -> None:
    lines = [f"device {tenant}/{site}/{name}" for name, (tenant, site) in places.items()]
    users = users_of(device_rules(parse_access_list("\n".join(lines))))
    assert users.keys() == places.keys()
    for name, rules in users.items():
        tenant, site = places[name]
        own = f"lpr/v1/{tenant}/{site}/{name}/"
        assert rules
        *own_rules, lists = rules
        assert all(rule.partition(" lpr/")[2].startswith(own[4:]) for rule in own_rules)
        assert not any(wildcard in rule for rule in own_rules for wildcard in "+#")
        assert lists == f"topic read lpr/v1/{tenant}/{site}/watchlist/+/+"


@given(NAMES, st.lists(NAMES, min_size=1, max_size=5), st.sampled_from(["", "requests"]))
def test_every_consumer_stays_within_its_tenants(name: str, tenants: list[str], right: str) -> None:
    line = f"consumer {name} {','.join(tenants)} {right}"
    (rules,) = users_of(consumer_rules(parse_access_list(line))).values()
    assert {rule.split("/")[2] for rule in rules} == set(tenants)
    assert any(rule.startswith("topic write") for rule in rules) == bool(right)
    assert all(rule.endswith("/request") for rule in rules if rule.startswith("topic write"))
    assert not any("#" in rule for rule in rules)


@given(NAMES, NAMES)
def test_every_authority_stays_within_its_tenant_and_hears_no_sighting(
    name: str, tenant: str
) -> None:
    (rules,) = users_of(consumer_rules(parse_access_list(f"authority {name} {tenant}"))).values()
    assert {rule.split("/")[2] for rule in rules} == {tenant}
    assert {rule.rpartition("/")[2] for rule in rules if " write " in rule} == {"keys"}
    assert not any("sighting" in rule or "#" in rule for rule in rules)


@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_any_text_is_a_list_or_is_refused_with_the_number_of_a_line(untrusted_text: str) -> None:
    refusal = None
    rules = ""
    try:
        access = parse_access_list(untrusted_text)
        rules = device_rules(access) + consumer_rules(access)
    except SettingsError as error:
        refusal = str(error)
    assert refusal is None or re.match(r"line \d+: ", refusal)
    # What is in a rule was written by us, or is a name.
    assert all(
        re.fullmatch(r"[a-z0-9/+ -]*", rule) for rule in rules.splitlines() if "# " not in rule
    )


@given(PLACES, st.randoms(use_true_random=False))
def test_order_of_the_lines_changes_nothing(
    places: dict[str, tuple[str, str]], chance: random.Random
) -> None:
    lines = [f"device {tenant}/{site}/{name}" for name, (tenant, site) in places.items()]
    shuffled = list(lines)
    chance.shuffle(shuffled)
    rules = [device_rules(parse_access_list("\n".join(each))) for each in (lines, shuffled)]
    assert rules[0] == rules[1]
