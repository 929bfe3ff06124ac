"""What a booth has asked the authority for and has not been given yet, kept across power cuts.

::

    enrolment/                      beside the tokeniser's folder
        deployment.lpr              the bundle of the last answer that was installed
        answer                      that answer
        asking/                     what is under way; gone once it is installed
            event/, ring/, tls/     new keys, each under the name that it will have
            deployment.lpr          the bundle that the answer is checked with
            request                 written last: without it nothing has been asked
            answer                  checked, to be installed

Until the answer is there the booth's present identity stays as it is.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge_lpr.certificates.signing_request import make_signing_request
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import EnrolmentError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.core.wipe import wipe
from edge_lpr.provisioning.booth_files import BoothFiles
from edge_lpr.provisioning.placing import PUBLIC_MODE, make_folder, place
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing, KeyState, write_key_state
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME, MAXIMUM_DEPLOYMENT_BYTES
from edge_lpr.wire.enrolment import (
    MAXIMUM_ANSWER_BYTES,
    MAXIMUM_ENROLMENT_BYTES,
    EnrolmentClaims,
    RenewalClaims,
    is_renewal,
    sign_enrolment,
    sign_renewal,
)
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey, write_signing_key

FIRST_TRANSPORT_NUMBER: Final = 1
"""Number of the transport key that a booth is enrolled with; later ones are larger."""

_ASKING: Final = "asking"
_DONE: Final = "done"
_REQUEST: Final = "request"
_ANSWER: Final = "answer"
_MAXIMUM_TLS_KEY_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Asking:
    """The folder of what is under way."""

    files: BoothFiles
    """Where everything goes in the end."""

    @property
    def folder(self) -> Path:
        """Everything of it."""
        return self.files.state / _ASKING

    @property
    def event_key(self) -> Path:
        """The new event key; none in a renewal."""
        return self.folder / "event" / self.files.event_key.name

    @property
    def key_ring(self) -> Path:
        """The new key ring, with the transport key and no token key; none in a renewal."""
        return self.folder / "ring" / self.files.key_ring.name

    @property
    def tls_key(self) -> Path:
        """The new TLS key."""
        return self.folder / "tls" / self.files.tls_key.name

    def request(self) -> bytes | None:
        """Return what was asked, or ``None`` if nothing is under way."""
        return read_public(self.folder / _REQUEST, MAXIMUM_ENROLMENT_BYTES)

    def answer(self) -> bytes | None:
        """Return the checked answer, or ``None`` while there is none."""
        return read_public(self.folder / _ANSWER, MAXIMUM_ANSWER_BYTES)

    def deployment(self) -> bytes | None:
        """Return the bundle that the answer is checked with."""
        return read_public(self.folder / DEPLOYMENT_FILE_NAME, MAXIMUM_DEPLOYMENT_BYTES)

    def installed_answer(self) -> bytes | None:
        """Return the answer that the booth's present identity came with, or ``None``."""
        return read_public(self.files.state / _ANSWER, MAXIMUM_ANSWER_BYTES)

    def installed_deployment(self) -> bytes | None:
        """Return the bundle of that answer."""
        return read_public(self.files.state / DEPLOYMENT_FILE_NAME, MAXIMUM_DEPLOYMENT_BYTES)

    def is_renewal(self) -> bool:
        """Return whether what is under way is a renewal of the present identity."""
        request = self.request()
        return request is not None and is_renewal(request)

    def keep_answer(self, answer: bytes) -> None:
        """Keep an answer that was checked: from now on it is installed, power cut or not."""
        place(self.folder / _ANSWER, answer, PUBLIC_MODE)

    def finish(self, deployment: bytes) -> None:
        """End what is under way: it is installed.

        Args:
            deployment: The newest bundle.
        """
        answer = self.answer()
        if answer is not None:
            place(self.files.state / _ANSWER, answer, PUBLIC_MODE)
        place(self.files.state / DEPLOYMENT_FILE_NAME, deployment, PUBLIC_MODE)
        self.drop()

    def drop(self) -> None:
        """Forget what is under way, in one step; its keys go with it."""
        done = self.files.state / _DONE
        try:
            if done.exists():
                shutil.rmtree(done)
            if self.folder.exists():
                self.folder.rename(done)
                shutil.rmtree(done)
        except OSError as error:
            raise EnrolmentError(
                f"{self.folder}: cannot be removed ({error.strerror}); run this as root, or as the "
                "user that it belongs to"
            ) from error


def ask_to_enrol(
    asking: Asking,
    deployment: bytes,
    ticket: bytes,
    custody: str,
    *,
    sealing_key: SealingKey | None,
    clock: Clock,
) -> bytes:
    """Make the keys of a new identity, and the request for it.

    Args:
        asking: Where they are kept; what was there is dropped.
        deployment: The bundle, verified.
        ticket: Secret of the ticket.
        custody: Where the keys are kept, such as ``plain``.
        sealing_key: What the secret files are sealed under; ``None`` leaves them plain.
        clock: Tells when.

    Returns:
        The request.

    Raises:
        EnrolmentError: A folder or file cannot be written.
        KeyFileError: Likewise, a secret one.
    """
    _begin(asking, deployment)
    make_folder(asking.event_key.parent)
    make_folder(asking.key_ring.parent)
    event_key, transport_key = SigningKey.generate(), TransportKey.generate()
    write_signing_key(asking.event_key, event_key, sealing_key)
    state = KeyState(
        # The purpose is the ticket's to say, and so comes with the answer.
        ring=KeyRing(KeyPurpose.LIVE, {}),
        transport_key=bytearray(transport_key.private_octets()),
        transport_number=FIRST_TRANSPORT_NUMBER,
    )
    write_key_state(asking.key_ring, state, sealing_key)
    claims = EnrolmentClaims(
        asking.files.address,
        ticket=ticket,
        event_key=event_key.public_key,
        transport_key=transport_key.public_key.octets,
        signing_request=_make_tls_key(asking),
        custody=custody,
        at=clock.unix_s(),
    )
    return _asked(asking, sign_enrolment(claims, event_key))


def ask_to_renew(asking: Asking, deployment: bytes, event_key: SigningKey, clock: Clock) -> bytes:
    """Make a new TLS key, and the request to certify it and the event key anew.

    Args:
        asking: Where they are kept; what was there is dropped.
        deployment: The bundle of the present identity.
        event_key: Of the present identity.
        clock: Tells when.

    Returns:
        The renewal.

    Raises:
        EnrolmentError: A folder or file cannot be written.
        KeyFileError: Likewise, a secret one.
    """
    _begin(asking, deployment)
    claims = RenewalClaims(asking.files.address, _make_tls_key(asking), clock.unix_s())
    return _asked(asking, sign_renewal(claims, event_key))


def read_tls_public_key(path: Path) -> ec.EllipticCurvePublicKey:
    """Return the public half of a TLS key that we have made.

    Args:
        path: PEM, PKCS #8.

    Raises:
        EnrolmentError: It is none of ours.
    """
    pem = read_secret_file(path, _MAXIMUM_TLS_KEY_BYTES)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        # From None: OpenSSL's words may quote the key.
        raise EnrolmentError(f"{path}: is damaged; enrol with --again and a new ticket") from None
    finally:
        wipe(pem)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise EnrolmentError(f"{path}: is no key of ours; enrol with --again and a new ticket")
    return key.public_key()


def read_public(path: Path, maximum_bytes: int) -> bytes | None:
    """Return the content of a public file, or ``None`` if there is none.

    Args:
        path: The file.
        maximum_bytes: Longest content; a longer one is refused.

    Raises:
        EnrolmentError: It cannot be read, or is longer.
    """
    try:
        with path.open("rb") as file:
            untrusted_content = file.read(maximum_bytes + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnrolmentError(f"{path}: cannot be read ({error.strerror})") from error
    if len(untrusted_content) > maximum_bytes:
        raise EnrolmentError(f"{path}: longer than {maximum_bytes} bytes, so another file")
    return untrusted_content


def _begin(asking: Asking, deployment: bytes) -> None:
    """Make an empty folder for what is under way."""
    make_folder(asking.files.state)
    asking.drop()
    make_folder(asking.folder)
    make_folder(asking.tls_key.parent)
    place(asking.folder / DEPLOYMENT_FILE_NAME, deployment, PUBLIC_MODE)


def _make_tls_key(asking: Asking) -> bytes:
    """Write a new TLS key, and return the request to certify it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_secret_file(asking.tls_key, pem)
    return make_signing_request(key, asking.files.address.device)


def _asked(asking: Asking, request: bytes) -> bytes:
    """Keep a request: from now on it is the one that is under way."""
    place(asking.folder / _REQUEST, request, 0o600)
    return request
