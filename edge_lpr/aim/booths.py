"""What a session reaches: a booth's units, or processes that somebody has started by hand."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InstallationError
from edge_lpr.core.settings import LaneSection, load_settings
from edge_lpr.handoff.aim_message import AimFrame, parse_aim_frame
from edge_lpr.handoff.diagnosis_desk import SOCKET_FOLDER, ask
from edge_lpr.handoff.diagnosis_message import AIM, Question
from edge_lpr.installation.keeping import PUBLIC_MODE, keep
from edge_lpr.installation.lanes import lanes_text, put_lanes

WANTED_LANES: Final = Path("/run/edge-lpr-aim/lanes.toml")
"""Where ``edge-lpr-lanes.service`` finds what it shall keep."""

VISION_SOCKET: Final = SOCKET_FOLDER / "vision.sock"

_SYSTEMCTL: Final = ("/usr/bin/systemctl", "--no-pager")
_KEEP: Final = (*_SYSTEMCTL, "start", "edge-lpr-lanes.service")
_TAKE_OVER: Final = (
    *(*_SYSTEMCTL, "try-restart"),
    *("edge-lpr-tokeniser.service", "edge-lpr-vision.service"),
)
"""Both, because the tokeniser refuses readings of a lane that it does not know."""

KEEP_LIMIT_S: Final = 310
"""More than ``edge-lpr-lanes.service`` may take."""

TAKE_OVER_LIMIT_S: Final = 230
"""More than two units take that stop in 20 s and start in 90 s each, or fail."""

_LIMIT_S: Final = 60


class UnitBooth:
    """A booth whose processes are systemd's."""

    def __init__(self, settings_file: Path) -> None:
        """Reach nothing yet.

        Args:
            settings_file: ``booth.toml``.
        """
        self._settings_file = settings_file

    def ask_vision(self) -> AimFrame:
        """Ask vision for what to show."""
        return _ask(VISION_SOCKET)

    def lanes(self) -> tuple[LaneSection, ...]:
        """Return the lanes of the settings."""
        return load_settings(self._settings_file).lanes

    def save_lanes(self, lanes: Sequence[LaneSection]) -> None:
        """Have the unit that may write them keep lanes, and start vision and tokeniser anew."""
        keep(WANTED_LANES, lanes_text(lanes).encode(), PUBLIC_MODE)
        _run(
            _KEEP,
            "the lanes could not be kept; journalctl -u edge-lpr-lanes says why",
            KEEP_LIMIT_S,
        )
        _run(
            _TAKE_OVER,
            "the lanes are kept, but vision did not start anew; use: restart",
            TAKE_OVER_LIMIT_S,
        )


class HandBooth:
    """Three processes that somebody has started by hand, with a settings file of his own."""

    def __init__(self, settings_file: Path, vision_socket: Path, then: Path | None) -> None:
        """Reach nothing yet.

        Args:
            settings_file: Theirs; lanes are written into it.
            vision_socket: ``vision.diagnosis_socket`` in it.
            then: Program that starts them anew; ``None`` leaves that to whoever started them.
        """
        self._settings_file = settings_file
        self._vision_socket = vision_socket
        self._then = then

    def ask_vision(self) -> AimFrame:
        """Ask vision for what to show."""
        return _ask(self._vision_socket)

    def lanes(self) -> tuple[LaneSection, ...]:
        """Return the lanes of the settings."""
        return load_settings(self._settings_file).lanes

    def save_lanes(self, lanes: Sequence[LaneSection]) -> None:
        """Write lanes beside the settings and into them, and run the program."""
        put_lanes(self._settings_file, self._settings_file.with_name("lanes.toml"), lanes)
        if self._then is not None:
            _run((str(self._then.absolute()),), f"{self._then}: failed after the lanes were kept")


class UnitPage:
    """The page as units: a socket, and a service of a user of its own once somebody comes."""

    def start(self) -> None:
        """Listen."""
        _run((*_SYSTEMCTL, "start", "edge-lpr-aim.socket"), "the page's socket did not start")

    def stop(self) -> None:
        """Listen no more."""
        units = ("edge-lpr-aim.socket", "edge-lpr-aim.service")
        _run((*_SYSTEMCTL, "stop", *units), "the page did not stop; switch the booth off and on")


class HandPage:
    """The page as a child of this process."""

    def __init__(self, port: int, keeper_socket: Path) -> None:
        """Start nothing yet.

        Args:
            port: Of this machine.
            keeper_socket: Where the keeper listens.
        """
        self._port = port
        self._keeper_socket = keeper_socket
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "edge_lpr.aim", "--page", str(self._port)]
        self._child = subprocess.Popen([*command, "--keeper", str(self._keeper_socket)])  # noqa: S603

    def stop(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait()


def _ask(vision_socket: Path) -> AimFrame:
    """Ask vision, and check what it says."""
    return parse_aim_frame(ask(vision_socket, "vision", Question(AIM)).body)


def _run(command: Sequence[str], fault: str, limit_s: float = _LIMIT_S) -> None:
    """Run a program; what it says goes where this one's errors go."""
    try:
        subprocess.run(  # noqa: S603 (our own words, or a developer's)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=limit_s,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InstallationError(fault) from error
