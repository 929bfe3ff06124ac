"""What a consumer keeps in mind across restarts: which numbers came, and were done with.

One JSON file, replaced whole. It errs on one side: after a crash it may be some seconds old, and
then sightings come a second time; none is taken for done that was not.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_lpr.core.errors import SettingsError, WireError
from edge_lpr.subscriber.continuity import BootSummary
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire import base64url
from edge_lpr.wire.bounds import BOOT_PATTERN, MAXIMUM_SEQUENCE
from edge_lpr.wire.topics import DeviceAddress

_MAXIMUM_BYTES: Final = 512_000_000
"""Ten thousand booths that have nothing missing take two megabytes."""

_Number = Annotated[int, Field(ge=0, le=MAXIMUM_SEQUENCE)]
_Ranges = tuple[tuple[_Number, _Number], ...]


class _Kept(BaseModel):
    """Strict: what is not understood is not believed either."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Boot(_Kept):
    """One boot of a device."""

    boot: Annotated[str, Field(pattern=f"^{BOOT_PATTERN.pattern}$")]
    highest: _Number
    link: str | None
    missing: _Ranges
    given_up: _Ranges


class _Device(_Kept):
    """One device."""

    tenant: str
    site: str
    device: str
    boots: tuple[_Boot, ...]


class _Memory(_Kept):
    """The file."""

    version: Literal[1] = 1
    devices: tuple[_Device, ...]


class MemoryFile:
    """The file of one consumer."""

    def __init__(self, path: Path) -> None:
        """Name the file.

        Args:
            path: Need not be there yet; its folder must.
        """
        self._path = path
        self._last = b""

    def read(self) -> Iterator[tuple[DeviceAddress, str, BootSummary]]:
        """Yield what was kept: device, boot id, and what was received of it.

        Raises:
            SettingsError: The file cannot be read, or is not one that ``write`` made.
        """
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAXIMUM_BYTES)
            memory = _Memory.model_validate_json(content)
            for device in memory.devices:
                address = DeviceAddress(device.tenant, device.site, device.device)
                for boot in device.boots:
                    yield address, boot.boot, _summary(boot)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unreadable(error.strerror or "no reason given") from error
        except (ValidationError, WireError) as error:
            raise self._unreadable("it is damaged, or of another program") from error

    def write(self, summaries: Iterable[tuple[DeviceAddress, str, BootSummary]]) -> None:
        """Replace the file, if there is anything new, and wait until it is on the disk.

        Args:
            summaries: Device, boot id, and what was received of it, a device's boots together.

        Raises:
            SettingsError: It cannot be written.
        """
        boots: dict[DeviceAddress, list[_Boot]] = {}
        for address, boot, summary in summaries:
            boots.setdefault(address, []).append(_boot(boot, summary))
        devices = [
            _Device(tenant=each.tenant, site=each.site, device=each.device, boots=tuple(of_device))
            for each, of_device in boots.items()
        ]
        content = _Memory(devices=tuple(devices)).model_dump_json().encode()
        if content != self._last:
            try:
                self._replace(content)
            except OSError as error:
                raise SettingsError(
                    f"{self._path}: cannot be written ({error.strerror}); its folder must exist, "
                    "be writable by this user and have room"
                ) from error
            self._last = content

    def _replace(self, content: bytes) -> None:
        """Write beside the file, and put it into its place."""
        beside = self._path.with_name(f"{self._path.name}.new")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)

    def _unreadable(self, reason: str) -> SettingsError:
        """Return the error that says what to do."""
        return SettingsError(
            f"{self._path}: cannot be read ({reason}); without it, what is missing from before is "
            "not noticed: mend it, or delete it to count anew"
        )


def _boot(boot: str, summary: BootSummary) -> _Boot:
    """Return a boot as it is written."""
    return _Boot(
        boot=boot,
        highest=summary.highest,
        link=None if summary.link is None else base64url.encode(summary.link).decode(),
        missing=tuple((each.first, each.last) for each in summary.missing),
        given_up=tuple((each.first, each.last) for each in summary.given_up),
    )


def _summary(boot: _Boot) -> BootSummary:
    """Return a boot as it was read."""
    return BootSummary(
        boot.highest,
        None if boot.link is None else base64url.decode(boot.link.encode()),
        tuple(SequenceRange(*each) for each in boot.missing),
        tuple(SequenceRange(*each) for each in boot.given_up),
    )
