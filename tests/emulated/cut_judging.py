"""What must be so after every power cut: old or new, never mixed, and nothing committed lost.

Pure: facts in, sentences about what is wrong out.
"""

import json
import re
from typing import Any, Final

SLOTS: Final = ("A", "B")


def card_problems(
    card: dict[str, Any], current: dict[str, str], target: dict[str, str] | None
) -> list[str]:
    """Judge what a card reader sees right after the cut.

    Args:
        card: As ``CutBooth.card_facts`` returns it.
        current: ``version`` and ``slot`` of the system that was good before.
        target: Those of an update that has begun and whose end nobody has seen; or ``None``.
    """
    notes, spare = card["notes"], card["spare"]
    problems = [] if notes or spare else ["both of the loader's blocks are torn"]
    if card["boot"]:
        problems.append(f"boot partition: {card['boot']}")
    for name, block in (("notes", notes), ("spare", spare)):
        order = block.get("ORDER", "").split()
        if block and (not order or set(order) - set(SLOTS)):
            problems.append(f"{name} name no slot to start: {block}")
        problems += [
            f"{name} name slot {slot}, which holds no whole system"
            for slot in order + block.get("TRIAL", "").split()
            if card["slots"].get(slot) is None
        ]
    if spare.get("TRIAL"):
        problems.append("the spare block has a trial")
    allowed = [current, *([target] if target else [])]
    first = (notes or spare).get("ORDER", "?").split()[:1]
    if first and not any(
        each["slot"] == first[0] and card["slots"].get(each["slot"]) == each["version"]
        for each in allowed
    ):
        problems.append(f"{first[0]} is started next, which is neither old nor new: {card}")
    trial = notes.get("TRIAL")
    if trial and (target is None or card["slots"].get(trial) != target["version"]):
        problems.append(f"slot {trial} is to be tried, and nobody has asked for it")
    return problems


def identity_problems(identity: dict[str, str], memory: dict[str, Any]) -> list[str]:
    """Judge which system answers: it, the command line and the loader's notes must agree.

    Args:
        identity: What the booth has answered, see ``cut_booth.IDENTITY``.
        memory: ``current``, ``target``, and the ``card`` after the cut before.
    """
    version, slot = as_object(identity["image"]).get("version"), slot_of(identity)
    order = block(identity["notes"]).get("ORDER", "").split()
    is_trial = "edge_lpr.trial" in identity["cmdline"].split()
    current, target = memory["current"], memory["target"]
    runs = {"version": version, "slot": slot}
    problems = []
    if runs not in [current, target]:
        problems.append(f"{runs} runs, which is neither {current} nor {target}")
    if is_trial and (runs != target):
        problems.append(f"{runs} is tried, and nobody has asked for it")
    # A trial may have been kept since it was started.
    if not is_trial and order[:1] != [slot]:
        problems.append(f"slot {slot} runs, and the notes say {order}")
    if block(identity["notes"]).get("TRIAL"):
        problems.append("a trial is left in the notes of a system that runs")
    on_card = memory.get("card", {}).get("slots", {}).get(slot, version)
    if on_card != version:
        problems.append(f"slot {slot} says {version} and held {on_card}")
    return problems


def health_problems(health: dict[str, str], keys: str) -> list[str]:
    """Judge a booth at work.

    Args:
        health: What the booth has answered, see ``cut_booth.HEALTH``.
        keys: Names and digests of its keys when it had enrolled.
    """
    problems = [f"failed: {line}" for line in health["failed"].splitlines()]
    if not re.match(r"/dev/mapper/state ext4 rw,", health["state"]):
        problems.append(f"state is not mounted: {health['state']}")
    if re.search(r"UNEXPECTED INCONSISTENCY|Fix|errors|corrupt", health["fsck"], re.IGNORECASE):
        problems.append(f"the check of the state: {health['fsck']}")
    if health["kernel"].strip():
        problems.append(f"the kernel: {health['kernel'].strip()[:300]}")
    if health["keys"] != keys:
        problems.append(f"keys have changed: {_difference(keys, health['keys'])}")
    if "damaged" in health["outbox"]:
        problems.append("the outbox was put aside as damaged")
    return problems


def missing(committed: dict[str, int], events: list[dict[str, Any]]) -> dict[str, int]:
    """Return what was seen in the outbox and is not at the consumer: how many, by boot.

    Args:
        committed: The last number by boot; each boot begins with 1.
        events: All that the consumer has seen.
    """
    seen = _numbers(events)
    lacking = {
        boot: len(set(range(1, last + 1)) - set(seen.get(boot, ())))
        for boot, last in committed.items()
    }
    return {boot: count for boot, count in lacking.items() if count}


def consumer_facts(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Judge what the consumer has seen; counts, and ``problems``."""
    numbers = _numbers(events)
    problems = []
    for boot, seen in numbers.items():
        if len(set(seen)) != len(seen):
            problems.append(f"boot {boot}: a sighting came twice")
        if set(seen) != set(range(1, max(seen) + 1)):
            problems.append(f"boot {boot}: a number is missing below {max(seen)}")
    counts = {kind: sum(each["event"] == kind for each in events) for kind in ("gap", "refusal")}
    problems += [f"{count} {kind} at the consumer" for kind, count in counts.items() if count]
    return {
        "sightings": sum(map(len, numbers.values())),
        "boots": len(numbers),
        **counts,
        "problems": problems,
    }


def as_object(text: str) -> dict[str, Any]:
    """Return a JSON object, or an empty one."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def slot_of(identity: dict[str, str]) -> str:
    """Return the slot that the kernel was told."""
    found = re.search(r"\brauc\.slot=(\w+)", identity["cmdline"])
    return found[1] if found else "?"


def block(text: str) -> dict[str, str]:
    """Return what one of GRUB's blocks says, as GRUB reads it; empty for one that is torn."""
    if not text.startswith("# GRUB Environment Block\n"):
        return {}
    return dict(line.rstrip("#").split("=", 1) for line in text.splitlines() if "=" in line)


def _numbers(events: list[dict[str, Any]]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = {}
    for event in events:
        if event["event"] == "sighting":
            numbers.setdefault(str(event["boot"]), []).append(int(event["seq"]))
    return numbers


def _difference(before: str, after: str) -> str:
    changed = set(before.splitlines()) ^ set(after.splitlines())
    return ", ".join(sorted({line.split()[-1] for line in changed}))
