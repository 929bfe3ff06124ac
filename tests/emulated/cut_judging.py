"""What must be so after every power cut: old or new, never mixed, and nothing committed lost.

Pure: facts in, sentences about what is wrong out.
"""

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.emulated.cut_start import Found
    from tests.emulated.cut_story import Promises

SLOTS: Final = ("A", "B")
_OF_NO_MATTER: Final = re.compile(
    r"differences between boot sector and its backup|Differences: \(offset:original/backup\)"
    r"|^65:01/00$|mostly harmless|Not automatically fixing|Dirty bit is set|Fs was not properly"
    r"|Automatically removing dirty bit|Free cluster summary wrong|Auto-correcting"
    r"|Leaving filesystem unchanged|: \d+ files, \d+/\d+ clusters"
)


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


def state_problems(found: "Found", whole: "Found", promised: "Promises") -> list[str]:
    """Judge what a start finds on the state.

    Outbox and audit have one writer each, and he waits until the one before is committed. So what
    was written of a later one proves that the one before was promised.

    Args:
        found: After the cut.
        whole: What a card that loses nothing would hold.
        promised: By the marks before the cut.
    """
    here = set(found.sightings)
    problems = []
    if lost := set(whole.sightings[:-1]) - here:
        problems.append(f"{len(lost)} sightings were committed, and are not in the outbox")
    if unknown := promised.sightings - here:
        problems.append(f"{len(unknown)} sightings are at the consumer, and not in the outbox")
    if len(here) < promised.waiting:
        problems.append(f"{promised.waiting} sightings waited, and the outbox holds {len(here)}")
    problems += number_problems(found.sightings)
    if found.audit != whole.audit[: len(found.audit)]:
        problems.append("the audit's entries are not those that were written")
    if len(found.audit) < len(whole.audit) - 1:
        problems.append(f"the audit has lost {len(whole.audit) - len(found.audit)} entries")
    if promised.is_enrolled and not found.keys and not found.problems:
        problems.append("the booth has enrolled, and has no keys")
    return problems


def number_problems(sightings: list[tuple[str, int]]) -> list[str]:
    """Judge the numbers of sightings: from 1 on by boot, each once, in their order."""
    numbers: dict[str, list[int]] = {}
    for boot, seq in sightings:
        numbers.setdefault(boot, []).append(seq)
    return [
        f"boot {boot}: the numbers are not 1 to {len(seen)}"
        for boot, seen in numbers.items()
        if seen != list(range(1, len(seen) + 1))
    ]


def health_problems(health: dict[str, str]) -> list[str]:
    """Judge a booth at work.

    Args:
        health: What the booth has answered, see ``cut_sample.HEALTH``.
    """
    problems = [f"failed: {line}" for line in health["failed"].splitlines()]
    if not re.match(r"/dev/mapper/state ext4 rw,", health["state"]):
        problems.append(f"state is not mounted: {health['state']}")
    if re.search(r"UNEXPECTED INCONSISTENCY|Fix|errors|corrupt", health["fsck"], re.IGNORECASE):
        problems.append(f"the check of the state: {health['fsck']}")
    if health["kernel"].strip():
        problems.append(f"the kernel: {health['kernel'].strip()[:300]}")
    if "damaged" in health["outbox"]:
        problems.append("the outbox was put aside as damaged")
    return problems


def fat_complaints(said: str) -> list[str]:
    """Return what ``fsck.vfat -n`` complains of, but for what no start cares about.

    That is the mark that it was not unmounted (of which the copy of the boot sector knows nothing),
    and the count of free clusters, which is a hint: whoever writes counts anew.

    Args:
        said: What it wrote.
    """
    lines = [line.strip() for line in said.splitlines()[1:]]
    return [line for line in lines if line and not _OF_NO_MATTER.search(line)]


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
