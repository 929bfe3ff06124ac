"""Does an audit file hold, link by link? Every rule, and no input or output.

1. The authority has certified the booth's event key.
2. That key has signed the checkpoint in the file, for this very booth.
3. The entries in the file, with the hashes of those that have left, have the checkpoint's root.
4. Each checkpoint that was kept outside is one that this log grew from.

Who has the booth's key, root there, can write another log and sign it. Link 4 is what he cannot
get past: the log must begin with what left the booth before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.audit.entry import Entry, parse_entry
from edge_lpr.audit.export import Export
from edge_lpr.audit.merkle import Frontier, leaf_hash
from edge_lpr.core.errors import WireError
from edge_lpr.wire.checkpoint import Checkpoint, parse_checkpoint
from edge_lpr.wire.device_certificate import (
    DeviceCertificate,
    decode_unverified_certificate,
    verify_certificate,
)
from edge_lpr.wire.jws import PublicKey

_MOST_NAMED: Final = 10
"""Checkpoints of a server that do not hold, each with a line of its own."""


class State(Enum):
    """What became of a link."""

    HOLDS = "holds"
    """It was checked."""
    OPEN = "open"
    """It could not be checked; the sentence says what it takes."""
    BROKEN = "BROKEN"
    """It was checked, and does not hold."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link."""

    name: str
    """In a word or two."""
    state: State
    """What became of it."""
    finding: str
    """As a sentence."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known of a file."""

    links: tuple[Link, ...]
    """In order."""
    entries: tuple[Entry, ...]
    """Those that the checkpoint covers; none where a link is broken that they hang on."""
    loose: int
    """How many came after the checkpoint: nothing fixes them yet."""

    @property
    def is_broken(self) -> bool:
        """Whether any link is."""
        return any(link.state is State.BROKEN for link in self.links)

    @property
    def is_open(self) -> bool:
        """Whether any link could not be checked."""
        return any(link.state is State.OPEN for link in self.links)


@dataclass(frozen=True, slots=True)
class _Log:
    """The tree of a file."""

    roots: dict[int, bytes]
    """By size, those that were asked for and can be told."""
    entries: tuple[Entry, ...]
    """All of them."""
    first: int
    """Number of the oldest entry in the file."""
    size: int
    """Of the whole log, as far as the file goes."""
    fault: str | None
    """What is wrong with the entries."""


def verify(
    export: Export,
    authority: PublicKey | None,
    outside: Sequence[bytes] = (),
    by_server: Sequence[bytes] = (),
) -> Verified:
    """Check every link of a file.

    Args:
        export: As read.
        authority: Its public key, pinned; without it the first link stays open.
        outside: Checkpoints that left the booth before, untrusted too.
        by_server: The same, as a server kept them: any number, so they are summed up in a few
            links; each that does not hold is named, up to ten.

    Returns:
        What holds and what does not.
    """
    certificate, about_certificate = _certificate(export.certificate, authority)
    checkpoint, about_checkpoint = _checkpoint(export.checkpoint, certificate)
    kept = [_outside(note, certificate) for note in outside]
    server = [_outside(note, certificate) for note in by_server]
    known = (checkpoint, *(one for one, _ in kept), *(one for one, _ in server))
    sizes = {each.size for each in known if each is not None}
    log = _log(export, sizes)
    about_log = _about_log(log, checkpoint)
    about_outside = [_about_outside(log, one, fault) for one, fault in kept]
    about_outside += _about_server(
        [(one, _about_outside(log, one, fault)) for one, fault in server]
    )
    about_outside = about_outside or [
        Link(
            "kept outside",
            State.OPEN,
            "no checkpoint from outside the booth was given: who had the booth's key could have "
            "written another log; add --checkpoint FILE or --checkpoints STORE",
        )
    ]
    links = (about_certificate, about_checkpoint, about_log, *about_outside)
    size = 0 if checkpoint is None or about_log.state is State.BROKEN else checkpoint.size
    covered = tuple(entry for entry in log.entries if entry.number <= size)
    return Verified(links, covered, max(log.size - size, 0) if size else 0)


def _certificate(
    document: bytes, authority: PublicKey | None
) -> tuple[DeviceCertificate | None, Link]:
    """Return the booth's certificate, and the first link."""
    name = "who it is"
    try:
        certificate = decode_unverified_certificate(document)
        address = certificate.address
        who = f"{address.tenant}/{address.site}/{address.device}, custody {certificate.tier.value}"
        if authority is None:
            return certificate, Link(
                name, State.OPEN, f"it says {who}; add --authority FILE to know that it is so"
            )
        # Whether it is still valid says nothing about an old log: only the signature is looked at.
        verify_certificate(document, authority, certificate.not_before)
    except WireError as error:
        return None, Link(name, State.BROKEN, f"the authority has not certified this: {error}")
    return certificate, Link(name, State.HOLDS, f"{who}: the authority has certified its key")


def _checkpoint(
    note: bytes, certificate: DeviceCertificate | None
) -> tuple[Checkpoint | None, Link]:
    """Return the file's own checkpoint, and the second link."""
    checkpoint, fault = _outside(note, certificate)
    if checkpoint is None or fault is not None:
        return None, Link("checkpoint", State.BROKEN, fault or "")
    return checkpoint, Link(
        "checkpoint", State.HOLDS, f"this booth's key has signed {checkpoint.size:,} entries"
    )


def _outside(
    note: bytes, certificate: DeviceCertificate | None
) -> tuple[Checkpoint | None, str | None]:
    """Return what a checkpoint says, and why it is not believed.

    Both for one that names another key than the certificate's: a booth has another one after it was
    enrolled anew.
    """
    if certificate is None:
        return None, "nobody knows whose key must have signed it"
    try:
        untrusted = parse_checkpoint(note)
        if untrusted.untrusted.address != certificate.address:
            return None, "it is another booth's"
        if not untrusted.is_by(certificate.event_key):
            return untrusted.untrusted, "another key than this certificate's has signed it"
        return untrusted.verified(certificate.event_key), None
    except WireError as error:
        return None, str(error)


def _log(export: Export, sizes: set[int]) -> _Log:
    """Build the tree, and note its root at some sizes."""
    frontier = Frontier()
    for subtree in export.subtrees:
        frontier.add(subtree, export.level)
    roots = {frontier.size: frontier.root()}
    first = frontier.size + 1
    entries: list[Entry] = []
    for line in export.lines:
        entry = parse_entry(line)
        if entry is None or entry.number != frontier.size + 1:
            fault = f"entry {frontier.size + 1} is missing or cannot be read"
            return _Log(roots, tuple(entries), first, frontier.size, fault)
        frontier.add(leaf_hash(line))
        entries.append(entry)
        if frontier.size in sizes:
            roots[frontier.size] = frontier.root()
    return _Log(roots, tuple(entries), first, frontier.size, None)


def _about_log(log: _Log, checkpoint: Checkpoint | None) -> Link:
    """Return the third link."""
    name = "entries"
    if log.fault is not None:
        return Link(name, State.BROKEN, log.fault)
    if checkpoint is None:
        return Link(name, State.BROKEN, "there is no checkpoint to compare them with")
    if checkpoint.size > log.size:
        missing = checkpoint.size - log.size
        return Link(name, State.BROKEN, f"the last {missing:,} that were signed are missing")
    if log.roots.get(checkpoint.size) != checkpoint.root:
        return Link(
            name, State.BROKEN, "they are not those that were signed: one was changed, moved or cut"
        )
    gone = f"; {log.first - 1:,} older ones have left, their hashes are right" * (log.first > 1)
    return Link(
        name, State.HOLDS, f"{log.first:,} to {checkpoint.size:,} are what was signed{gone}"
    )


def _about_server(links: Sequence[tuple[Checkpoint | None, Link]]) -> list[Link]:
    """Sum up the links of what a server kept: one for those that hold, one for those left open."""
    name = "kept by the server"
    summed: list[Link] = []
    for state, what in (
        (State.HOLDS, "this log grew from every one of them"),
        (State.OPEN, "the log has let those entries go, or another key has signed them"),
    ):
        sizes = [each.size for each, link in links if each is not None and link.state is state]
        if sizes:
            count = f"{len(sizes):,} checkpoint{'s' * (len(sizes) > 1)}"
            finding = f"{count}, of {min(sizes):,} to {max(sizes):,} entries: {what}"
            summed.append(Link(name, state, finding))
    broken = [link.finding for _, link in links if link.state is State.BROKEN]
    summed += [Link(name, State.BROKEN, finding) for finding in broken[:_MOST_NAMED]]
    if len(broken) > _MOST_NAMED:
        more = f"{len(broken) - _MOST_NAMED:,} more do not hold"
        summed.append(Link(name, State.BROKEN, more))
    return summed


def _about_outside(log: _Log, checkpoint: Checkpoint | None, fault: str | None) -> Link:
    """Return the link of one checkpoint that was kept outside."""
    name = "kept outside"
    if checkpoint is None:
        return Link(name, State.BROKEN, fault or "")
    size = f"{checkpoint.size:,}"
    if log.fault is not None or checkpoint.size > log.size:
        return Link(
            name,
            State.BROKEN,
            f"the booth had signed {size} entries before, and this log has fewer: it was cut or "
            "put back",
        )
    if checkpoint.size not in log.roots:
        return Link(
            name,
            State.OPEN,
            f"entries up to {size} have left the booth: give a checkpoint of {log.first:,} or more",
        )
    if log.roots[checkpoint.size] != checkpoint.root:
        return Link(
            name, State.BROKEN, f"the booth had signed another root at {size} entries: two logs"
        )
    if fault is not None:
        return Link(name, State.OPEN, f"this log has its root at {size} entries, but {fault}")
    return Link(name, State.HOLDS, f"this log grew from what left the booth at {size} entries")
