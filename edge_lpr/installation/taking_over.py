"""Takes over what an installer has put onto the boot partition, once it is checked.

::

    1. end       what a power cut has interrupted
    2. look      for installation.toml and deployment.lpr
    3. check     each: its form, and that it is for this booth
    4. keep      it in /etc/edge-lpr, on the encrypted partition
    5. discard   it on the boot partition
    6. tell      what is wrong, in a file beside it

Each step can be repeated. What is wrong changes nothing: the booth goes on with what it had.
"""

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from edge_lpr.core.errors import InstallationError, WireError
from edge_lpr.installation.boot_partition import BootPartition
from edge_lpr.installation.keeping import PUBLIC_MODE, keep, keep_installation
from edge_lpr.installation.model import Installation
from edge_lpr.installation.places import Machine, Places
from edge_lpr.installation.processes import require_camera
from edge_lpr.installation.reading import find_installation, read_installation
from edge_lpr.wire.deployment import (
    DEPLOYMENT_FILE_NAME,
    MAXIMUM_DEPLOYMENT_BYTES,
    Deployment,
    read_deployment,
)
from edge_lpr.wire.device_certificate import (
    MAXIMUM_CERTIFICATE_BYTES,
    decode_unverified_certificate,
)
from edge_lpr.wire.topics import DeviceAddress

Say = Callable[[str], None]
"""Takes a sentence for the journal."""


def take_over(places: Places, machine: Machine, say: Say) -> list[str]:
    """Take over the files of the boot partition.

    Args:
        places: Where everything is.
        machine: What the answers must fit.
        say: Hears what was taken over: somebody had the card in his hands.

    Returns:
        What is wrong, in sentences; they stand on the boot partition too.
    """
    boot = BootPartition(places.boot, places.boot_lock)
    steps = (
        boot.discard_leftovers,
        lambda: _take_installation(places, machine, boot, say),
        lambda: _take_deployment(places, boot, say),
    )
    faults = [fault for step in steps for fault in _faults_of(step)]
    return [*faults, *_faults_of(lambda: boot.tell(faults))]


def enrolled_address(places: Places) -> DeviceAddress | None:
    """Return who the authority says that this booth is, or ``None`` before it is enrolled.

    Args:
        places: Where everything is.

    Raises:
        InstallationError: The certificate cannot be read.
    """
    content = _read(places.device_certificate, MAXIMUM_CERTIFICATE_BYTES)
    if content is None:
        return None
    try:
        # Ours, from the encrypted partition. Enrolment has verified it, and added the newline.
        return decode_unverified_certificate(content.rstrip(b"\r\n")).address
    except WireError as error:
        raise InstallationError(
            f"{places.device_certificate}: is damaged ({error}); enrol this booth with --again"
        ) from error


def newest_deployment(places: Places) -> Deployment | None:
    """Return the newest bundle that this booth has, or ``None`` if it has none.

    Args:
        places: Where everything is.

    Raises:
        InstallationError: A bundle cannot be read.
    """
    paths = (places.deployment, places.enrolled_deployment)
    bundles = [bundle for path in paths if (bundle := _bundle(path)) is not None]
    enrolled = _bundle(places.enrolled_deployment)
    if enrolled is not None:
        # Of another authority: brought before this booth was enrolled, and of no more use.
        bundles = [each for each in bundles if each.authority.octets == enrolled.authority.octets]
    return max(bundles, key=lambda each: each.made_at, default=None)


def _faults_of(step: Callable[[], None]) -> list[str]:
    """Do a step, and return what is wrong with it."""
    try:
        step()
    except InstallationError as error:
        return [str(error)]
    except OSError as error:
        # A worn card: whatever is read of it may fail.
        return [f"the boot partition cannot be read ({error}); try the card in a laptop"]
    return []


def _take_installation(places: Places, machine: Machine, boot: BootPartition, say: Say) -> None:
    """Take over the answers."""
    path = find_installation(boot.folder)
    if path is None:
        return
    answers = read_installation(path)
    require_camera(answers, machine)
    _require_own_name(path, answers, enrolled_address(places))
    keep_installation(places.installation, answers)
    say(f"took over the answers for {answers.site}/{answers.device} from the boot partition")
    boot.discard(path)


def _take_deployment(places: Places, boot: BootPartition, say: Say) -> None:
    """Take over the bundle."""
    found = [each for each in boot.folder.iterdir() if each.name.lower() == DEPLOYMENT_FILE_NAME]
    if not found:
        return
    content = _read(found[0], MAXIMUM_DEPLOYMENT_BYTES) or b""
    bundle, enrolled = _checked(found[0], content), _bundle(places.enrolled_deployment)
    if enrolled is not None and enrolled.authority.octets != bundle.authority.octets:
        raise InstallationError(
            f"{found[0]}: is of the authority {bundle.fingerprint}, and this booth is enrolled "
            f"with {enrolled.fingerprint}; decommission it first (docs/replacing.md)"
        )
    present = None
    # A damaged one is replaced.
    with contextlib.suppress(InstallationError):
        present = newest_deployment(places)
    if present is not None and _is_later(present, bundle):
        raise InstallationError(
            f"{found[0]}: is older than the bundle that this booth has; ask the key custodian for "
            "the newest one, or remove it"
        )
    keep(places.deployment, content, PUBLIC_MODE)
    say(f"took over the bundle of {bundle.tenant}, authority {bundle.fingerprint}")
    boot.discard(found[0])


def _is_later(one: Deployment, other: Deployment) -> bool:
    """Return whether a bundle was made after another one of the same authority."""
    return one.authority.octets == other.authority.octets and one.made_at > other.made_at


def _require_own_name(path: Path, answers: Installation, own: DeviceAddress | None) -> None:
    """Refuse the answers of another booth."""
    if own is not None and (answers.site, answers.device) != (own.site, own.device):
        raise InstallationError(
            f"{path}: is for {answers.site}/{answers.device}, and this booth is enrolled as "
            f"{own.site}/{own.device}; write that, or decommission it first (docs/replacing.md)"
        )


def _bundle(path: Path) -> Deployment | None:
    """Return what a bundle says, or ``None`` if there is none."""
    content = _read(path, MAXIMUM_DEPLOYMENT_BYTES)
    return None if content is None else _checked(path, content)


def _checked(path: Path, untrusted_content: bytes) -> Deployment:
    """Return what the content of a bundle says."""
    try:
        return read_deployment(untrusted_content)
    except WireError as error:
        raise InstallationError(
            f"{path}: is no sound deployment bundle ({error}); ask the key custodian for it again"
        ) from error


def _read(path: Path, maximum_bytes: int) -> bytes | None:
    """Return a regular file's content, or ``None`` if there is none.

    The certificate lies in a folder of the tokeniser's user, and this is root.
    """
    try:
        with open(path, "rb", opener=_opened) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InstallationError(f"{path}: is no regular file; put the file itself there")
            untrusted_content = file.read(maximum_bytes + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstallationError(f"{path}: cannot be read ({error.strerror})") from error
    if len(untrusted_content) > maximum_bytes:
        raise InstallationError(f"{path}: longer than {maximum_bytes} bytes, so another file")
    return untrusted_content


def _opened(path: str, flags: int) -> int:
    """Open a file: follow no link (O_NOFOLLOW), wait for nobody at a pipe (O_NONBLOCK)."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
