"""Hands a request to the service and waits for the custodian, however long the network is away."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import EnrolmentError
from edge_lpr.provisioning.service_link import Reply, Silence
from edge_lpr.wire import base64url
from edge_lpr.wire.enrolment import document_digest

ENROLMENTS_PATH: Final = "/v1/enrolments"
RENEWALS_PATH: Final = "/v1/renewals"

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 15.0
"""A person reads a fingerprint aloud meanwhile."""

_PASSING: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""Answers after which the same may be asked again."""


class Link(Protocol):
    """What is needed of the service."""

    def post(self, path: str, document: bytes) -> Reply | Silence:
        """Hand a document over."""
        ...

    def get(self, path: str) -> Reply | Silence:
        """Ask for something."""
        ...


class RefusedBecause(EnrolmentError):  # noqa: N818 - read as: refused because ...
    """The authority said no for good."""


class NotYetError(EnrolmentError):
    """There was no answer in time; the same may be asked again, and goes on where it stopped."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How to wait, and whom to tell."""

    clock: Clock
    """Tells how long it has been."""
    wait_s: float | None
    """Longest wait; ``None`` for any time."""
    say: Callable[[str], None]
    """Tells the installer."""
    sleep: Callable[[float], None]
    """Waits so many seconds."""


def fetch_answer(link: Link, request: bytes, patience: Patience) -> bytes:
    """Return the authority's answer to a request for enrolment.

    Args:
        link: The service.
        request: The same again after an interruption is one request to the service.
        patience: How long to wait.

    Returns:
        The answer, unchecked.

    Raises:
        RefusedBecause: The authority refused the request.
        NotYetError: No answer in time.
    """
    identifier = base64url.encode(document_digest(request)).decode()
    path = f"{ENROLMENTS_PATH}/{identifier}"
    _insist(lambda: link.post(ENROLMENTS_PATH, request), HTTPStatus.ACCEPTED, patience)
    patience.say("waiting for the key custodian's approval")
    return _insist(lambda: link.get(path), HTTPStatus.OK, patience)


def fetch_renewal(link: Link, request: bytes, patience: Patience) -> bytes:
    """Return the authority's answer to a renewal, which needs no approval.

    Raises:
        RefusedBecause: The authority refused it.
        NotYetError: No answer in time.
    """
    return _insist(lambda: link.post(RENEWALS_PATH, request), HTTPStatus.OK, patience)


def _insist(ask: Callable[[], Reply | Silence], wanted: int, patience: Patience) -> bytes:
    """Ask until the wanted answer comes."""
    begin_ns = patience.clock.monotonic_ns()
    pause_s, told = _FIRST_PAUSE_S, ""
    while True:
        reply = ask()
        if isinstance(reply, Reply) and reply.status == wanted:
            return reply.untrusted_body
        trouble = _trouble(reply)
        if trouble not in ("", told):
            patience.say(trouble)
            told = trouble
        waited_s = (patience.clock.monotonic_ns() - begin_ns) / 1e9
        if patience.wait_s is not None and waited_s + pause_s > patience.wait_s:
            raise NotYetError(
                trouble
                or "the key custodian has not approved yet; run the same words again later, "
                "it goes on where it stopped"
            )
        patience.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _trouble(reply: Reply | Silence) -> str:
    """Return what keeps the answer away, or nothing if only the custodian does."""
    if isinstance(reply, Silence):
        return reply.reason
    if reply.status == HTTPStatus.ACCEPTED:
        return ""
    if reply.status in _PASSING:
        return reply.sentence()
    raise RefusedBecause(reply.sentence())
