"""Renders the demo's lane while the processes start."""

import threading
from pathlib import Path

from edge_lpr.synthesis.lane import write_lane


class Rendering:
    """A lane on its way into a file."""

    def __init__(self, video_file: Path, passes: int) -> None:
        """Begin, on a thread of its own: OpenCV draws and compresses without Python's lock.

        Args:
            video_file: File to make.
            passes: How many cars.
        """
        self._video_file = video_file
        self._passes = passes
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._render, name="rendering", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait for the whole lane.

        Raises:
            OSError: The file could not be written.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _render(self) -> None:
        """Write the file."""
        try:
            write_lane(self._video_file, self._passes)
        except OSError as error:
            self._error = error
