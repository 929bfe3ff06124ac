"""Which events of the logs a report may name; one that is not listed counts as ``other``.

A log line is text, and that of a taken-over vision is anything at all. Out of it a report takes the
name of an event if it is one of these, and how often it came: no number, no sentence.
"""

from typing import Final

from edge_lpr.core import errors

OTHER: Final = "other"

FAILURE: Final = "failure"
"""Followed by a colon and the kind of the error, if that is known."""

EVENTS: Final = frozenset(
    {
        OTHER,
        FAILURE,
        "library_message",
        "account_not_written",
        "broker_connected",
        "budget_not_kept",
        "camera",
        "camera_away",
        "camera_opened",
        "checkpoint_not_signed",
        "audit_not_told",
        "diagnosis_ends",
        "frame_size_changed",
        "frame_unreadable",
        "funnel",
        "hello_refused",
        "keys_differ",
        "keys_end",
        "keys_lost",
        "keys_not_written",
        "keys_refused",
        "keys_taken",
        "keys_wait",
        "memory_locked",
        "memory_not_locked",
        "publisher_at_fault",
        "publisher_away",
        "record_refused",
        "request_refused",
        "request_taken",
        "sequence_gap",
        "sighting_refused",
        "source_ended",
        "source_opened",
        "started",
        "stopped",
        "technician_asked",
        "thread_hangs",
        "tls_certificate",
        "tls_renewal_refused",
        "tokeniser_away",
        "vision_away",
        "vision_refused",
        "watch_list_complete",
        "watch_list_refused",
    }
)
"""A test holds these against the programs."""

FAILURE_KINDS: Final = frozenset(
    name for name, kind in vars(errors).items() if isinstance(kind, type)
) | {"KeyError", "MemoryError", "OSError", "RuntimeError", "TypeError", "ValueError"}
"""What may have failed, by the name of its class."""


def event_word(untrusted_event: object, untrusted_kind: object) -> str:
    """Return the listed word for an event.

    Args:
        untrusted_event: ``event`` of a log line.
        untrusted_kind: ``kind`` of a log line, which matters where something failed.
    """
    if not isinstance(untrusted_event, str) or untrusted_event not in EVENTS:
        return OTHER
    if untrusted_event != FAILURE:
        return untrusted_event
    known = isinstance(untrusted_kind, str) and untrusted_kind in FAILURE_KINDS
    return f"{FAILURE}:{untrusted_kind if known else OTHER}"


def is_event_word(word: str) -> bool:
    """Return whether a word is one that ``event_word`` returns."""
    event, colon, kind = word.partition(":")
    if colon:
        return event == FAILURE and (kind in FAILURE_KINDS or kind == OTHER)
    return event in EVENTS and event != FAILURE
