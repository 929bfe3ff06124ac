"""What a booth remembers of its updates: how the last one went, and what was good.

They are on the state partition, which no update touches, so the old system can read what the new
one has written and the other way round.
"""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_lpr.core.errors import InstallationError, UpdateError
from edge_lpr.installation.keeping import PUBLIC_MODE, keep
from edge_lpr.update.running import Slot
from edge_lpr.update.versions import SystemVersion

UPDATE_FOLDER: Final = Path("/state/update")
"""Of root; everybody may read it."""

Demand = Literal["frames", "keys", "broker"]
"""What the health gate may ask of a new system besides that it makes tokens."""

EVERY_DEMAND: Final[tuple[Demand, ...]] = ("frames", "keys", "broker")
"""In the order in which they are told; asked of a trial for which nothing was written down."""

Stage = Literal["installing", "installed", "judged", "kept", "left"]
"""How far an update has come: being written; whole, and started next; started and being judged; the
one that runs; given up, and the old system is back."""

MOST_FAILURES: Final = 3
"""So often the same version is fetched and tried by itself; by hand as often as one likes."""

_ATTEMPT: Final = "last-update.json"
_HIGHEST: Final = "highest"
_PUT_OFF: Final = "put-off.json"
_MAXIMUM_BYTES: Final = 4096
_NIGHT_S: Final = 86_400
_MOST_NIGHTS: Final = 7


class PutOff(BaseModel):
    """A fetched bundle that could not be installed: it is fetched again, but not every night.

    Never "not again": what came may have been junk under a good name, from a server that was
    somebody else's for a night, or the booth's clock may have been wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Of its file on the server."""
    times: int = Field(ge=1, le=1000)
    """How often, one after the other."""
    at_s: int
    """When it was so the last time, in seconds since 1970."""

    def is_waiting(self, name: str, now_s: int) -> bool:
        """Return whether a bundle is left alone tonight: for 1, 2, 4 and then always 7 nights.

        Args:
            name: Of its file on the server.
            now_s: Now, in seconds since 1970. Before the last time, the clock was wrong then or
                is now, and there is no waiting.
        """
        nights = min(2 ** (min(self.times, 10) - 1), _MOST_NIGHTS)
        # Half a night less: the timer's hour is random.
        return name == self.name and 0 <= now_s - self.at_s < (nights - 0.5) * _NIGHT_S


class Attempt(BaseModel):
    """The last update that was begun."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Of the new system."""
    before: str
    """Of the one that installed it."""
    slot: Slot
    """Where the new one is."""
    demands: tuple[Demand, ...]
    """What worked before, and must work again."""
    stage: Stage
    """How far it has come."""
    reason: str = Field(default="", max_length=400)
    """Why it was left, as a part of a sentence."""
    failures: int = Field(default=0, ge=0)
    """How often this version was left, one after the other."""

    def left(self, reason: str) -> "Attempt":
        """Return this attempt as one that was given up.

        Args:
            reason: Why, as a part of a sentence.
        """
        return self.model_copy(
            update={"stage": "left", "reason": reason, "failures": self.failures + 1}
        )

    def kept(self) -> "Attempt":
        """Return this attempt as one whose system runs from now on."""
        return self.model_copy(update={"stage": "kept", "reason": "", "failures": 0})

    def has_failed_too_often(self, version: str) -> bool:
        """Return whether a version is not tried again by itself.

        Args:
            version: The one that could be tried.
        """
        return self.version == version and self.failures >= MOST_FAILURES

    def sentence(self) -> str:
        """Return how it went, for whoever stands at the booth."""
        if self.stage == "kept":
            return f"updated from {self.before} to {self.version}"
        if self.stage == "left":
            return f"update to {self.version} failed: {self.reason}; back on {self.before}"
        if self.stage == "judged":
            return f"{self.version} runs on trial; {self.before} is back if it does not work"
        if self.stage == "installed":
            return f"{self.version} is installed and starts next"
        return f"{self.version} is being installed"


class UpdateRecords:
    """The files of ``/state/update``."""

    def __init__(self, folder: Path = UPDATE_FOLDER) -> None:
        """Remember where they are.

        Args:
            folder: An existing folder on the state partition.
        """
        self._folder = folder

    def attempt(self) -> Attempt | None:
        """Return the last update that was begun, or ``None`` before the first one.

        A damaged file is none: it only explains, and decides nothing that is not safe without it.
        """
        try:
            return Attempt.model_validate_json(_read(self._folder / _ATTEMPT))
        except (OSError, ValidationError):
            return None

    def write_attempt(self, attempt: Attempt) -> None:
        """Remember how far an update has come.

        Args:
            attempt: Takes the place of the one before.

        Raises:
            UpdateError: It cannot be written.
        """
        self._write(_ATTEMPT, attempt.model_dump_json().encode() + b"\n")

    def highest(self) -> SystemVersion | None:
        """Return the highest version that was ever good here, or ``None`` if none was noted.

        Raises:
            UpdateError: The file is damaged. That is not "none": an older system would come in.
        """
        try:
            return SystemVersion(_read(self._folder / _HIGHEST).decode("ascii", "replace").strip())
        except FileNotFoundError:
            return None
        except (OSError, UpdateError) as error:
            raise UpdateError(
                f"{self._folder / _HIGHEST}: is damaged, and it says which systems are too old; "
                "remove it if the one that runs is the newest you trust"
            ) from error

    def note_good(self, version: SystemVersion) -> None:
        """Remember that a version was good; a lower one than before changes nothing.

        Args:
            version: Of the system that runs.

        Raises:
            UpdateError: The file is damaged or cannot be written.
        """
        highest = self.highest()
        if highest is None or version > highest:
            self._write(_HIGHEST, f"{version}\n".encode())

    def put_off(self) -> PutOff | None:
        """Return the last fetched bundle that could not be installed, or ``None``.

        A damaged file is none: then one more night's fetching is lost.
        """
        try:
            return PutOff.model_validate_json(_read(self._folder / _PUT_OFF))
        except (OSError, ValidationError):
            return None

    def note_put_off(self, name: str, now_s: int) -> None:
        """Remember that a fetched bundle could not be installed.

        Args:
            name: Of its file on the server.
            now_s: Now, in seconds since 1970.

        Raises:
            UpdateError: It cannot be written.
        """
        last = self.put_off()
        times = last.times if last is not None and last.name == name else 0
        noted = PutOff(name=name, times=min(times + 1, 1000), at_s=now_s)
        self._write(_PUT_OFF, noted.model_dump_json().encode() + b"\n")

    def _write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all."""
        try:
            keep(self._folder / name, content, PUBLIC_MODE)
        except InstallationError as error:
            raise UpdateError(str(error)) from error


def _read(path: Path) -> bytes:
    """Return a short file."""
    with path.open("rb") as file:
        return file.read(_MAXIMUM_BYTES)
