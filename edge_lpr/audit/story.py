"""What a verified log tells: what ran, what it could do, what it did, and what is unexplained.

Pure: entries in, sentences out. What an entry says is the booth's word; that it was said then, and
was not changed since, is what ``verify.py`` has checked before.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from edge_lpr.audit.entry import Entry
from edge_lpr.audit.reconcile import LIMIT_BYTES, Egress
from edge_lpr.audit.story_keeping import Keeping

SILENT_S: Final = 900
"""Three windows without an entry, and no start in between: nobody recorded."""

STOPPED_S: Final = 330
"""A window and a half minute without an entry before a start within the same boot: somebody had
stopped the recording, or it had hung. A crash and its start are seconds."""

LEDGER: Final = "ledger"
"""Event of one window."""

STARTED: Final = "audit_started"
"""Event of the recording service's start."""

EGRESS_FIELDS: Final = tuple(Egress.__slots__)
"""Details of a window that ``Egress`` takes; they stand in the entry under these names."""

_MOST_SHOWN: Final = 10
_UNITS: Final = ("vision", "tokeniser", "publisher")


@dataclass(slots=True)
class Story:
    """Sums over a log."""

    ran: dict[tuple[str, str], str] = field(default_factory=dict)
    """Since when, by what and its digest or version."""
    sandbox: dict[str, str] = field(default_factory=dict)
    """What the kernel last said that each process may do."""
    did: Counter[str] = field(default_factory=Counter)
    """How many entries there are of each event."""
    persons: Counter[str] = field(default_factory=Counter)
    """Calls of technicians."""
    windows: int = 0
    """Windows in which the publisher's bytes could be compared."""
    not_compared: int = 0
    """Windows in which they could not."""
    uncounted: int = 0
    """Those of them in which the kernel's counter was missing too."""
    written: Counter[str] = field(default_factory=Counter)
    """Bytes written to disks, by process; those that were measured."""
    egress: list[int] = field(default_factory=lambda: [0, 0, 0])
    """Bytes that the publisher sent, those that are explained, and those that are not."""
    keeping: Keeping = field(default_factory=Keeping)
    """Keys, watch-lists and gaps."""
    flags: list[str] = field(default_factory=list)
    """What somebody should look at."""


def tell(entries: Sequence[Entry]) -> Story:
    """Return what entries tell.

    Args:
        entries: Verified, ascending.
    """
    story = Story()
    for entry in entries:
        story.did[entry.event] += 1
        story.keeping.add(entry)
        if entry.event == LEDGER:
            _add_window(story, entry)
        elif entry.event == "digest":
            what, digest = str(entry.details.get("what")), str(entry.details.get("sha256"))
            story.ran.setdefault((what, digest), entry.at)
        elif entry.event == "boot":
            story.ran.setdefault(("system", str(entry.details.get("version"))), entry.at)
        elif entry.event == "sandbox":
            _add_sandbox(story, entry)
        elif entry.event == "asked":
            story.persons[str(entry.details.get("person"))] += 1
        elif entry.event == "torn_line":
            story.flags.append(f"{entry.at}: a power cut had left half an entry")
    story.flags += [*story.keeping.flags(), *_uncounted(story), *_silences(entries)]
    return story


def sentences(story: Story, entries: Sequence[Entry], loose: int) -> Iterator[str]:
    """Yield the story as lines.

    Args:
        story: Of ``tell``.
        entries: The same.
        loose: How many entries came after the checkpoint.
    """
    if not entries:
        yield "nothing can be told: the entries hang on a link that is broken"
        return
    yield f"period       {entries[0].at} to {entries[-1].at}, {len(entries):,} entries"
    if loose:
        yield f"             {loose} more came after the checkpoint; nothing fixes them yet"
    yield "what ran"
    yield from _listed(
        f"{what:<12} {name[:64]}  since {at}" for (what, name), at in story.ran.items()
    )
    yield "what it could do"
    yield from _listed(f"{unit:<12} {said}" for unit, said in story.sandbox.items())
    yield "what it did"
    yield from _listed(f"{event:<20} {count:>9,}" for event, count in story.did.most_common())
    yield from (f"  {name} asked {count} times" for name, count in story.persons.most_common())
    yield from story.keeping.sentences()
    yield "bytes"
    for unit in _UNITS:
        if unit in story.written:
            yield f"  {unit:<12} wrote {story.written[unit]:,} to disks"
        else:
            yield f"  {unit:<12} what it wrote was not measured"
    sent, explained, unexplained = story.egress
    yield (
        f"  publisher    sent {sent:,} in {story.windows:,} windows of five minutes: "
        f"{explained:,} explained, {max(0, unexplained):,} UNEXPLAINED"
    )
    if unexplained < 0:
        yield (
            f"               {-unexplained:,} more are explained than were sent: the counters are "
            "not read in one instant"
        )
    if story.not_compared:
        yield f"  in {story.not_compared:,} more windows nothing could be compared"
    yield f"to look at   {len(story.flags)}"
    yield from _listed(story.flags)


def _add_window(story: Story, entry: Entry) -> None:
    """Add one window of the ledger."""
    for unit in _UNITS:
        written = entry.details.get(f"{unit}_written")
        if isinstance(written, int):
            story.written[unit] += written
    if (written := entry.details.get("vision_written")) not in (None, 0):
        story.flags.append(f"{entry.at}: vision wrote {written} bytes to a disk; it must be 0")
    if (sent := entry.details.get("vision_sent")) not in (None, 0):
        story.flags.append(f"{entry.at}: vision sent {sent} bytes over a network")
    if begun := entry.details.get("anew"):
        story.flags.append(
            f"{entry.at}: {begun} began anew within these five minutes; what was sent or written "
            "before is not counted"
        )
    _add_egress(story, entry)


def _add_egress(story: Story, entry: Entry) -> None:
    """Add what the publisher sent in one window, by the kernel and by its own account."""
    numbers = [entry.details.get(name) for name in EGRESS_FIELDS]
    known = [number for number in numbers if isinstance(number, int)]
    if len(known) < len(EGRESS_FIELDS):
        _add_uncompared(story, entry)
        return
    egress = Egress(*known)
    story.windows += 1
    if contradiction := egress.contradiction():
        story.flags.append(f"{entry.at}: the publisher's account cannot be: {contradiction}")
    unexplained = egress.unexplained_bytes()
    for place, amount in enumerate((egress.sent_bytes, egress.explained_bytes(), unexplained)):
        story.egress[place] += amount
    if egress.is_flagged():
        story.flags.append(
            f"{entry.at}: {unexplained:,} bytes of five minutes are unexplained; the limit is "
            f"{LIMIT_BYTES:,}"
        )


def _add_uncompared(story: Story, entry: Entry) -> None:
    """Add a window whose bytes cannot be compared: what is known to be sent is unexplained."""
    story.not_compared += 1
    sent = entry.details.get("sent_bytes")
    if not isinstance(sent, int):
        # One sentence for all of them: a booth that is not enrolled has nothing else.
        story.uncounted += 1
        return
    for place, amount in enumerate((sent, 0, sent)):
        story.egress[place] += amount
    story.flags.append(
        f"{entry.at}: the publisher gave no account of {sent:,} bytes; all are unexplained"
    )


def _add_sandbox(story: Story, entry: Entry) -> None:
    """Note what a process may do, and say where that is more than it should be."""
    details = entry.details
    unit = str(details.get("unit"))
    story.sandbox[unit] = (
        f"capabilities {details.get('capabilities')}, system calls "
        f"{'filtered' if details.get('seccomp') == 2 else 'NOT FILTERED'}, "  # noqa: PLR2004
        f"{'no network' if details.get('own_network') == 1 else 'on the network'}, "
        f"{'no new rights' if details.get('no_new_privileges') == 1 else 'NEW RIGHTS'}"
    )
    if (
        details.get("seccomp") != 2  # noqa: PLR2004 (SECCOMP_MODE_FILTER)
        or details.get("no_new_privileges") != 1
        or str(details.get("capabilities")).strip("0")
        or (unit != "publisher" and details.get("own_network") != 1)
    ):
        story.flags.append(f"{entry.at}: {unit} had more rights than it needs")


def _uncounted(story: Story) -> Iterator[str]:
    """Yield how often the kernel's counter was missing."""
    if story.uncounted:
        yield f"in {story.uncounted:,} windows nobody counted what the publisher sent"


def _silences(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield when nothing was recorded although the booth had not been started anew.

    The service alone says ``audit_started`` and then ``boot``, with the kernel's name for the boot.
    """
    before: datetime | None = None
    boot: object = None
    stopped: tuple[str, float] | None = None
    for entry in entries:
        if entry.event == "boot":
            same_boot = boot is not None and boot == entry.details.get("boot")
            if stopped is not None and same_boot:
                at_text, pause_s = stopped
                yield f"{at_text}: the recording was stopped for {pause_s / 60:.0f} minutes before"
            boot, stopped = entry.details.get("boot"), None
        at = _time_of(entry)
        if at is None:
            yield f"entry {entry.number} has no time"
            continue
        if before is not None:
            pause_s = (at - before).total_seconds()
            if entry.event == STARTED:
                stopped = (entry.at, pause_s) if pause_s > STOPPED_S else None
            elif pause_s > SILENT_S:
                yield f"{entry.at}: nothing was recorded for {pause_s / 60:.0f} minutes before"
        before = at


def _time_of(entry: Entry) -> datetime | None:
    """Return when an entry was written, by the booth's clock; ``None`` if it does not say."""
    try:
        # Five times as fast as strptime, and a year has a hundred thousand.
        at = datetime.fromisoformat(entry.at.removesuffix("Z"))
    except ValueError:
        return None
    return at if at.tzinfo is None and entry.at.endswith("Z") else None


def _listed(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, indented, and how many more there are."""
    every = list(lines)
    yield from (f"  {line}" for line in every[:_MOST_SHOWN])
    if len(every) > _MOST_SHOWN:
        yield f"  and {len(every) - _MOST_SHOWN} more"
