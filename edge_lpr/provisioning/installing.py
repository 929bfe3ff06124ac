"""Puts a checked answer where the booth's processes find it, so that a power cut can do no harm.

Every step may be done twice. The key ring moves last: until then the tokeniser could not take the
delivery, and from then on the delivery is not written again, because the tokeniser may have taken
it and have replaced the transport key.
"""

from edge_lpr.core.errors import EnrolmentError
from edge_lpr.core.wipe import wipe
from edge_lpr.provisioning.asking import Asking
from edge_lpr.provisioning.booth_files import PUBLISHER_USER, user_named
from edge_lpr.provisioning.checking import CheckedAnswer, Expected, delivery_purpose
from edge_lpr.provisioning.placing import (
    PUBLIC_MODE,
    SECRET_MODE,
    make_folder,
    move,
    place,
    remove_leftovers,
)
from edge_lpr.tokens.key_ring import KeyRing, KeyState, read_key_state, write_key_state
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire import base64url
from edge_lpr.wire.jwe import TransportKey

_DELIVERY_NAME = "first.lprkeys"


def prepare_key_ring(
    asking: Asking, checked: CheckedAnswer, expected: Expected, sealing_key: SealingKey | None
) -> None:
    """Open the first delivery, and give the new key ring its purpose.

    Args:
        asking: Whose key ring it is; nothing happens if it was moved already.
        checked: The answer.
        expected: What it was held against.
        sealing_key: What the file is sealed under, or ``None``.

    Raises:
        EnrolmentError: The delivery does not open, or is not for this booth.
    """
    if not asking.key_ring.exists():
        return
    state = read_key_state(asking.key_ring, sealing_key)
    try:
        transport_key = TransportKey.from_octets(state.transport_key)
        purpose = delivery_purpose(checked.claims, expected, transport_key)
        if purpose is not state.ring.purpose:
            renamed = KeyState(
                ring=KeyRing(purpose, {}),
                transport_key=state.transport_key,
                transport_number=state.transport_number,
            )
            write_key_state(asking.key_ring, renamed, sealing_key)
    finally:
        wipe(state.transport_key)


def install(asking: Asking, checked: CheckedAnswer, tokeniser_user: str | None) -> None:
    """Put everything where the settings say, and end what is under way.

    Args:
        asking: What is under way, with its answer kept.
        checked: That answer.
        tokeniser_user: Whom the tokeniser's folder belongs to if it has to be made.

    Raises:
        EnrolmentError: A file cannot be written; run again, it goes on where it stopped.
    """
    files, claims = asking.files, checked.claims
    tokeniser, publisher = user_named(tokeniser_user), user_named(PUBLISHER_USER)
    for path, user in (
        (files.authority, None),
        (files.tls_ca, None),
        (files.tls_certificate, publisher),
        (files.tls_key, publisher),
        (files.certificate, tokeniser),
        (files.event_key, tokeniser),
        (files.key_ring, tokeniser),
    ):
        make_folder(path.parent, user)
        remove_leftovers(path.parent, (path.name,))
    make_folder(files.incoming, tokeniser)
    authority = base64url.encode(checked.deployment.authority.octets) + b"\n"
    place(files.authority, authority, PUBLIC_MODE)
    place(files.tls_ca, checked.deployment.broker_ca_pem.encode("ascii"), PUBLIC_MODE)
    place(files.tls_certificate, claims.tls_chain.encode("ascii"), PUBLIC_MODE)
    move(asking.tls_key, files.tls_key)
    place(files.certificate, claims.certificate + b"\n", PUBLIC_MODE)
    if claims.delivery is not None:
        move(asking.event_key, files.event_key)
        if asking.key_ring.exists():
            place(files.incoming / _DELIVERY_NAME, claims.delivery, SECRET_MODE)
        move(asking.key_ring, files.key_ring)
    asking.finish(claims.deployment)


def require_identity(asking: Asking) -> None:
    """Refuse to go on where a file of the present identity is gone.

    Args:
        asking: Of a booth that was enrolled.

    Raises:
        EnrolmentError: A file is missing.
    """
    files = asking.files
    for path in (files.event_key, files.key_ring, files.certificate, files.tls_key):
        if not path.exists():
            raise EnrolmentError(
                f"{path}: is gone, though this booth was enrolled; enrol with --again and a new "
                "ticket"
            )
