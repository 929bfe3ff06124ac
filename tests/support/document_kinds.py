"""Every kind of signed document of the contract, so that one law is told of all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from edge_lpr.wire import jws
from edge_lpr.wire.birth import BIRTH_TYP, MAXIMUM_BIRTH_BYTES, BirthClaims
from edge_lpr.wire.deployment import DEPLOYMENT_TYP, MAXIMUM_DEPLOYMENT_BYTES, Deployment
from edge_lpr.wire.gap import GAP_TYP, MAXIMUM_GAP_BYTES, GapClaims
from edge_lpr.wire.health import HEALTH_TYP, MAXIMUM_HEALTH_BYTES, HealthClaims
from edge_lpr.wire.request import MAXIMUM_REQUEST_BYTES, REQUEST_TYP, RequestClaims
from edge_lpr.wire.sighting import MAXIMUM_SIGHTING_BYTES, SIGHTING_TYP, SightingClaims
from edge_lpr.wire.transport import MAXIMUM_TRANSPORT_BYTES, TRANSPORT_TYP, TransportClaims
from edge_lpr.wire.watch_list import MAXIMUM_MANIFEST_BYTES, WATCH_LIST_TYP, WatchListManifest
from tests.support.strategies import (
    announcements,
    births,
    deployments,
    gaps,
    health_records,
    manifests,
    requests,
    sightings,
)


@dataclass(frozen=True)
class DocumentKind:
    """One kind of signed document."""

    word: str
    """Name of its schema; of most, the last part of their topic."""
    typ: str
    maximum_bytes: int
    decode: Callable[[bytes], Any]
    """Reads a payload; what comes back has ``encode``."""
    claims: st.SearchStrategy[Any]
    """Everything that the contract allows it to say."""

    is_message: bool = True
    """Whether it is published under a topic; otherwise it is a file."""

    def parse(self, untrusted_document: bytes) -> jws.UntrustedDocument:
        """Take a signed document of this kind apart."""
        return jws.parse(untrusted_document, self.maximum_bytes)


KINDS: Final = (
    DocumentKind("birth", BIRTH_TYP, MAXIMUM_BIRTH_BYTES, BirthClaims.decode, births),
    DocumentKind(
        "sighting", SIGHTING_TYP, MAXIMUM_SIGHTING_BYTES, SightingClaims.decode, sightings
    ),
    DocumentKind("gap", GAP_TYP, MAXIMUM_GAP_BYTES, GapClaims.decode, gaps),
    DocumentKind("health", HEALTH_TYP, MAXIMUM_HEALTH_BYTES, HealthClaims.decode, health_records),
    DocumentKind("request", REQUEST_TYP, MAXIMUM_REQUEST_BYTES, RequestClaims.decode, requests),
    DocumentKind(
        "transport", TRANSPORT_TYP, MAXIMUM_TRANSPORT_BYTES, TransportClaims.decode, announcements
    ),
    DocumentKind(
        "manifest", WATCH_LIST_TYP, MAXIMUM_MANIFEST_BYTES, WatchListManifest.decode, manifests
    ),
    DocumentKind(
        "deployment",
        DEPLOYMENT_TYP,
        MAXIMUM_DEPLOYMENT_BYTES,
        Deployment.decode,
        deployments,
        is_message=False,
    ),
)
