"""One run of ``edge-lpr configure``: take over, render, write; in that order, at every boot.

Nothing that is wrong stops it: the booth goes on with what it had, and what is wrong is told. Only
where it has nothing yet is nothing written: then the firewall, which is empty, lets nothing out.
"""

import pwd
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EdgeLprError, InstallationError
from edge_lpr.core.settings import MAXIMUM_SETTINGS_BYTES, load_settings
from edge_lpr.installation.firewall import read_template
from edge_lpr.installation.keeping import PUBLIC_MODE, keep
from edge_lpr.installation.lanes import read_lanes, with_lanes
from edge_lpr.installation.model import INSTALLATION_FILE_NAME, Installation
from edge_lpr.installation.networkd import NETWORK_FOLDER, PREFIX, RULES_FOLDER
from edge_lpr.installation.places import SYSTEM_FOLDER, Machine, Places, find_machine
from edge_lpr.installation.processes import UNIT_FOLDER, require_camera
from edge_lpr.installation.reach import find_reach
from edge_lpr.installation.reading import read_installation
from edge_lpr.installation.rendered import SystemFile
from edge_lpr.installation.rendering import system_files
from edge_lpr.installation.settings_file import decided_settings, edited, is_sealed_by
from edge_lpr.installation.taking_over import (
    Say,
    newest_deployment,
    take_over,
)
from edge_lpr.technician.login_files import LOGIN_FOLDER
from edge_lpr.wire.deployment import Deployment

_NAMES_OF_OURS: Final = {
    NETWORK_FOLDER: (f"{PREFIX}*",),
    RULES_FOLDER: (f"{PREFIX}*",),
    f"{UNIT_FOLDER}/edge-lpr-vision.service.d": (
        "camera.conf",
        "csi-*.conf",
        "rtsp.conf",
        "test.conf",
    ),
    f"{UNIT_FOLDER}/edge-lpr-tokeniser.service.d": ("tpm.conf",),
    f"{UNIT_FOLDER}/edge-lpr-publisher.service.d": ("broker.conf",),
    "/run/systemd/timesyncd.conf.d": ("70-booth.conf",),
    str(SYSTEM_FOLDER): ("*",),
    f"{SYSTEM_FOLDER}/nftables.d": ("*",),
    str(LOGIN_FOLDER): ("*",),
    "/run/edge-lpr": ("camera-credentials",),
}
"""Files of ours, by folder: what is no longer made is removed."""

FAULTS_FILE: Final = SYSTEM_FOLDER / "faults"
"""What is wrong, one sentence a line, for whoever shows it."""

NOTICES_FILE: Final = SYSTEM_FOLDER / "notices"
"""What works and could be better, likewise."""


def configure(places: Places, say: Say) -> list[str]:
    """Make the running system what the installer's answers say.

    Args:
        places: Where everything is.
        say: Hears what was taken over, and what works and could be better.

    Returns:
        What is wrong, in sentences; empty if nothing is.

    Raises:
        InstallationError: The image is damaged, or ``/run`` cannot be written.
    """
    machine = find_machine(places.root)
    (places.root / "run").mkdir(exist_ok=True)
    faults = take_over(places, machine, say)
    notices: tuple[str, ...] = ()
    files: tuple[SystemFile, ...] = ()
    try:
        answers = _answers(places)
        require_camera(answers, machine)
        bundle = _bundle(places, faults)
        is_sealed = _is_sealed(places, machine)
        faults += _settle(places, answers, bundle, machine, is_sealed=is_sealed)
        reach = find_reach(answers, bundle)
        faults += reach.faults
        notices = reach.notices
        files = system_files(answers, reach, places, machine, is_sealed=is_sealed)
    except InstallationError as error:
        faults.append(str(error))
    _write(places, files)
    for notice in notices:
        say(notice)
    for path, sentences in ((FAULTS_FILE, faults), (NOTICES_FILE, notices)):
        text = "".join(f"{sentence}\n" for sentence in sentences)
        keep(places.below(path), text.encode(), PUBLIC_MODE)
    return faults


def _answers(places: Places) -> Installation:
    """Return the answers that are in force."""
    if not places.installation.exists():
        raise InstallationError(
            f"there are no answers yet: put {INSTALLATION_FILE_NAME} and the deployment bundle "
            "onto the card's partition EDGE-LPR, in a laptop (docs/network.md)"
        )
    return read_installation(places.installation)


def _bundle(places: Places, faults: list[str]) -> Deployment | None:
    """Return the newest bundle; where there is none, say so and go on without a broker."""
    try:
        bundle = newest_deployment(places)
    except InstallationError as error:
        faults.append(str(error))
        return None
    if bundle is None:
        faults.append(
            "there is no deployment bundle yet: put deployment.lpr, from the key custodian, onto "
            "the card's partition EDGE-LPR"
        )
    return bundle


def _is_sealed(places: Places, machine: Machine) -> bool:
    """Return whether the TPM keeps the tokeniser's keys; once enrolled that never changes."""
    # A damaged certificate is one too: without a network nobody could come to mend it.
    if not places.device_certificate.exists():
        return machine.has_tpm
    return places.settings.exists() and is_sealed_by(_text(places.settings))


def _settle(
    places: Places,
    answers: Installation,
    bundle: Deployment | None,
    machine: Machine,
    *,
    is_sealed: bool,
) -> list[str]:
    """Make the processes' settings, or keep them in step, and return what is wrong with them."""
    try:
        decided = decided_settings(answers, bundle, machine, is_sealed=is_sealed)
        if places.settings.exists():
            text = _text(places.settings)
        else:
            text = read_template(places, "booth.toml")
        text = edited(text, decided)
        faults: list[str] = []
        if places.lanes.exists():
            try:
                text = with_lanes(text, read_lanes(places.lanes))
            except InstallationError as error:
                faults.append(str(error))
        # Public: there is no secret in it, and three users read it.
        keep(places.settings, text.encode(), PUBLIC_MODE)
        load_settings(places.settings)
    except EdgeLprError as error:
        return [str(error)]
    return faults


def _text(path: Path) -> str:
    """Return the settings as they are."""
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_SETTINGS_BYTES + 1)
        if len(content) > MAXIMUM_SETTINGS_BYTES:
            raise InstallationError(f"{path}: longer than {MAXIMUM_SETTINGS_BYTES} bytes")
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InstallationError(
            f"{path}: cannot be read; remove it to have it made anew"
        ) from error


def _write(places: Places, files: tuple[SystemFile, ...]) -> None:
    """Write the files, and remove what an earlier run has made and this one has not."""
    ours = (*(Path(file.path) for file in files), FAULTS_FILE, NOTICES_FILE)
    wanted = {places.below(path) for path in ours}
    try:
        for folder, patterns in _NAMES_OF_OURS.items():
            for pattern in patterns:
                for path in places.below(Path(folder)).glob(pattern):
                    if path not in wanted and not path.is_dir():
                        path.unlink()
    except OSError as error:
        raise InstallationError(f"/run cannot be written ({error.strerror})") from error
    for file in files:
        user = None if file.user is None else _user(file.user)
        keep(places.below(Path(file.path)), file.text.encode(), file.mode, user)


def _user(name: str) -> tuple[int, int]:
    """Return user and group of a name."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise InstallationError(
            f"there is no user {name}; the image is damaged, flash the card again"
        ) from error
    return entry.pw_uid, entry.pw_gid
