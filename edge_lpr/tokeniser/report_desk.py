"""Signs the digest of a diagnostics report, for root on the booth."""

from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.handoff.diagnosis_desk import Answerer
from edge_lpr.handoff.diagnosis_message import (
    PARAMETER_BYTES,
    REPORT,
    Question,
    pack_body,
)
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.report import DIGEST_BYTES, ReportClaims, sign_report

_UNUSED: Final = PARAMETER_BYTES - DIGEST_BYTES


class ReportDesk:
    """Answers questions for a signature, and leaves the others to somebody else."""

    def __init__(
        self, others: Answerer, event_key: SigningKey, certificate_jws: bytes, clock: Clock
    ) -> None:
        """Sign with a key.

        Args:
            others: Answers all other questions.
            event_key: Signs.
            certificate_jws: The authority's statement about that key; goes with each signature.
            clock: Tells when.
        """
        self._others = others
        self._event_key = event_key
        self._certificate_jws = certificate_jws
        self._clock = clock

    def __call__(self, question: Question) -> bytes | None:
        """Answer.

        Args:
            question: Checked; the parameters are a digest, then zeros.
        """
        if question.kind != REPORT:
            return self._others(question)
        digest, unused = question.parameters[:DIGEST_BYTES], question.parameters[DIGEST_BYTES:]
        if unused != bytes(_UNUSED):
            return None
        claims = ReportClaims(digest, max(self._clock.unix_s(), 0), self._clock.quality())
        seal = sign_report(claims, self._event_key)
        return pack_body("tokeniser", REPORT, seal + b"\n" + self._certificate_jws)
