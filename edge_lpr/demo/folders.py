"""Where a demo keeps its files: one folder, private to the user."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import SettingsError

_MARK: Final = "edge-lpr-demo"
"""File that says that a folder was made by a demo, so that no other one is written into."""


@dataclass(frozen=True, slots=True)
class DemoFolders:
    """The places of one demo."""

    root: Path
    """Everything but the sockets is below."""
    sockets: Path
    """Apart, because a socket's path may have at most 107 bytes."""

    @property
    def settings_file(self) -> Path:
        """Settings of the three processes."""
        return self.root / "booth.toml"

    @property
    def keys(self) -> Path:
        """Keys and the device certificate."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.root / "logs"

    @property
    def state(self) -> Path:
        """What the processes themselves write: on a booth, /var/lib/edge-lpr."""
        return self.root / "state"

    @property
    def lane_file(self) -> Path:
        """The rendered lane."""
        return self.root / "lane" / "lane.avi"

    @property
    def readings_socket(self) -> Path:
        """Where the tokeniser takes readings."""
        return self.sockets / "readings.sock"

    @property
    def sightings_socket(self) -> Path:
        """Where the publisher takes sightings."""
        return self.sockets / "sightings.sock"

    @property
    def outbox_file(self) -> Path:
        """The publisher's outbox."""
        return self.state / "publisher" / "outbox.sqlite3"


@contextmanager
def demo_folders(keep: Path | None) -> Iterator[DemoFolders]:
    """Make the folders of a demo, and remove at the end what is not to stay.

    Args:
        keep: Folder that stays, made if it is not there; None for one that is removed.

    Yields:
        The folders, all of them there.

    Raises:
        SettingsError: ``keep`` holds other things, or cannot be written.
    """
    sockets = Path(tempfile.mkdtemp(prefix="edge-lpr-"))
    try:
        root = sockets / "demo" if keep is None else keep.expanduser().absolute()
        folders = DemoFolders(root, sockets)
        make_folders(folders)
        yield folders
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def make_folders(folders: DemoFolders) -> None:
    """Make the folders that are missing.

    Args:
        folders: Which ones.

    Raises:
        SettingsError: The root holds other things than an earlier demo, or cannot be written.
    """
    mark = folders.root / _MARK
    try:
        folders.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not mark.exists() and any(folders.root.iterdir()):
            raise SettingsError(
                f"{folders.root}: holds other things than an earlier demo; "
                "give --keep a new or an empty folder"
            )
        mark.touch()
        for folder in (
            folders.keys,
            folders.logs,
            folders.outbox_file.parent,
            folders.lane_file.parent,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{folders.root}: cannot be written ({error.strerror}); give --keep another folder"
        ) from error
