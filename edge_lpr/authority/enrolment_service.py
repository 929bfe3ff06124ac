"""What the enrolment service answers over HTTP; the rules are the desk's.

::

    POST /v1/enrolments                a request     202, 400, 403, 429
    GET  /v1/enrolments/ID             its answer    202 (waiting), 200, 403 (refused), 404, 429
    POST /v1/renewals                  a renewal     200, 400, 403, 429
    GET  /v1/revocations/devices.crl   PEM           200, 429
    GET  /v1/revocations/consumers.crl

Nothing else. Every document is signed, so TLS is for the ticket's secrecy and for the booth to know
whom it tells. No plate passes here, and no token key but sealed to a booth.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.certificate_renewals import renew
from edge_lpr.authority.enrolment import EnrolmentDesk, EnrolmentState
from edge_lpr.authority.rate_limit import RateLimit
from edge_lpr.authority.tls_records import REVOKING_KINDS
from edge_lpr.core.errors import AuthorityError, InputRefusedError, NotAllowedError, WireError
from edge_lpr.wire import base64url
from edge_lpr.wire.enrolment import MAXIMUM_ENROLMENT_BYTES

_POSTS_EACH: Final = 10
_POSTS_ALL: Final = 120
"""A minute. Each may write a line of the journal, and each is checked with a signature or two."""

_GETS_EACH: Final = 60
_GETS_ALL: Final = 3000
"""A minute: 200 booths that wait at once ask four times each."""

_BODY_PATIENCE_S: Final = 10.0
_JOSE: Final = "application/jose"
_PEM: Final = "application/x-pem-file"

_Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class EnrolmentService:
    """One authority's service."""

    def __init__(self, authority: Authority, tell: Callable[[str], None]) -> None:
        """Answer for an authority.

        Args:
            authority: Open.
            tell: Tells the custodian at the terminal, one line.
        """
        self._authority = authority
        self._desk = EnrolmentDesk(authority)
        self._tell = tell
        self._posts = RateLimit(authority.clock, _POSTS_EACH, _POSTS_ALL)
        self._gets = RateLimit(authority.clock, _GETS_EACH, _GETS_ALL)

    def app(self) -> Starlette:
        """Return what a web server runs."""
        routes = [
            Route("/v1/enrolments", self._guarded(self._enrol, self._posts), methods=["POST"]),
            Route("/v1/enrolments/{identifier}", self._guarded(self._poll, self._gets)),
            Route("/v1/renewals", self._guarded(self._renew, self._posts), methods=["POST"]),
            Route("/v1/revocations/{name}", self._guarded(self._revocations, self._gets)),
        ]
        return Starlette(routes=routes)

    def _guarded(self, endpoint: _Endpoint, limit: RateLimit) -> _Endpoint:
        """Return an endpoint that is asked at most so often, and whose refusals are sentences."""

        async def guarded(request: Request) -> Response:
            if not limit.allows(_address(request)):
                return _error(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "too many questions in a minute; the booth asks again by itself",
                )
            try:
                return await endpoint(request)
            except NotAllowedError as error:
                return _error(HTTPStatus.FORBIDDEN, str(error))
            except (WireError, InputRefusedError) as error:
                return _error(HTTPStatus.BAD_REQUEST, str(error))
            except AuthorityError as error:
                self._tell(str(error))
                return _error(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "the authority cannot answer now; its custodian is told why",
                )

        return guarded

    async def _enrol(self, request: Request) -> Response:
        """Take a request."""
        untrusted_document = await _body(request)
        known = len(self._desk.waiting())
        digest = self._desk.submit(untrusted_document, _address(request))
        if len(self._desk.waiting()) > known:
            self._tell(f"a booth asks to be enrolled, from {_address(request)}: see requests")
        identifier = base64url.encode(digest).decode()
        return JSONResponse({"id": identifier}, HTTPStatus.ACCEPTED)

    async def _poll(self, request: Request) -> Response:
        """Give the answer to a request, if there is one."""
        untrusted_identifier = str(request.path_params["identifier"])
        try:
            digest = base64url.decode(untrusted_identifier.encode("ascii", "replace"))
            standing = self._desk.standing(digest)
        except (WireError, InputRefusedError):
            return _error(HTTPStatus.NOT_FOUND, "no such request is known here; enrol again")
        if standing.state is EnrolmentState.REFUSED:
            return _error(
                HTTPStatus.FORBIDDEN, f"the key custodian refused this booth: {standing.reason}"
            )
        if standing.answer is None:
            return JSONResponse({"state": "waiting"}, HTTPStatus.ACCEPTED)
        return Response(standing.answer, media_type=_JOSE)

    async def _renew(self, request: Request) -> Response:
        """Answer a renewal."""
        answer = renew(self._authority, await _body(request), _address(request))
        return Response(answer, media_type=_JOSE)

    async def _revocations(self, request: Request) -> Response:
        """Give a revocation list."""
        for kind in REVOKING_KINDS:
            if request.path_params["name"] == f"{kind}.crl":
                issuer = self._authority.certificate_authority(kind)
                return Response(issuer.revocation_list_pem(), media_type=_PEM)
        return _error(HTTPStatus.NOT_FOUND, "there are devices.crl and consumers.crl")


async def _body(request: Request) -> bytes:
    """Return a body that is neither endless nor slow."""
    try:
        return await asyncio.wait_for(_read(request), _BODY_PATIENCE_S)
    except (asyncio.TimeoutError, ClientDisconnect) as error:
        raise InputRefusedError("the document did not come in time") from error


async def _read(request: Request) -> bytes:
    """Return a body, at most as long as the longest document."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_ENROLMENT_BYTES:
            raise InputRefusedError(f"a document has at most {MAXIMUM_ENROLMENT_BYTES} bytes")
    return body


def _address(request: Request) -> str:
    """Return where a question came from; headers of proxies are not believed."""
    return request.client.host if request.client is not None else "unknown"


def _error(status: HTTPStatus, sentence: str) -> Response:
    """Return a refusal."""
    return JSONResponse({"error": sentence}, status)
