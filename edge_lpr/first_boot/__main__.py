"""``edge-lpr first-boot``: at every start of a booth, by ``edge-lpr-first-boot.service``.

A booth that is enrolled is done within milliseconds: libraries are loaded after that is known.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EdgeLprError, InputRefusedError, InstallationError, SettingsError

_ANSWER: Final = Path("var/lib/edge-lpr/enrolment/answer")
_UNDER_WAY: Final = Path("var/lib/edge-lpr/enrolment/asking")
_INSTALLATION: Final = Path("etc/edge-lpr/installation.toml")
_STANDING: Final = Path("run/edge-lpr/first-boot/standing.json")
_ENROLLED: Final = (
    b'{"stage": "enrolled", "sentence": "this booth is enrolled", '
    b'"fingerprint": "", "authority": ""}'
)
"""As ``standing.py`` writes it, which would load what checks an installer's answers."""

_NEED_SOMEBODY: Final = (SettingsError, InstallationError, InputRefusedError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Enrol this booth, however long that takes; nothing if it is done.

    Args:
        arguments: The words after ``edge-lpr first-boot``; those of the process if left out.

    Returns:
        0 once the booth is enrolled; ``EXIT_MISCONFIGURED`` where only other answers, another
        ticket or a file can help, which are taken at the next start; ``EXIT_FAILURE`` where the
        same may be tried again.
    """
    parser = argparse.ArgumentParser(
        prog="edge-lpr first-boot",
        description="Enrol a flashed booth with the installer's answers (docs/first-boot.md).",
    )
    parser.add_argument(
        "--root", type=Path, default=Path("/"), help="look for everything below this folder"
    )
    parser.add_argument(
        "--boot", type=Path, metavar="FOLDER", help="the boot partition; default: boot/efi"
    )
    chosen = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    root: Path = chosen.root
    if _is_done(root):
        standing = root / _STANDING
        standing.parent.mkdir(parents=True, exist_ok=True)
        standing.write_bytes(_ENROLLED)
        return 0
    return _enrol(root, chosen.boot or root / "boot/efi")


def _is_done(root: Path) -> bool:
    """Return whether the booth is enrolled, and its ticket forgotten."""
    if not (root / _ANSWER).exists() or (root / _UNDER_WAY).exists():
        return False
    content = b""
    with contextlib.suppress(OSError):
        content = (root / _INSTALLATION).read_bytes()
    return not any(line.startswith(b"ticket") for line in content.splitlines())


def _enrol(root: Path, boot: Path) -> int:
    """Go the whole way, and say how it ended."""
    from edge_lpr.core.clock import SystemClock  # noqa: PLC0415 - see above
    from edge_lpr.core.hardening import forbid_inspection  # noqa: PLC0415
    from edge_lpr.core.service import (  # noqa: PLC0415
        EXIT_FAILURE,
        EXIT_MISCONFIGURED,
        forbid_core_dumps,
    )
    from edge_lpr.first_boot.first_boot import ByFilesError, FirstBoot  # noqa: PLC0415
    from edge_lpr.first_boot.standing import Stage  # noqa: PLC0415
    from edge_lpr.first_boot.world import World  # noqa: PLC0415
    from edge_lpr.installation.places import Places  # noqa: PLC0415
    from edge_lpr.provisioning.waiting import RefusedBecause  # noqa: PLC0415

    # It makes every key that the booth has.
    forbid_core_dumps()
    forbid_inspection()
    # Templates are filled by edge-lpr configure, not here.
    places = Places(root, boot, templates=root / "usr/lib/edge-lpr/templates")
    first_boot = FirstBoot(places, World(SystemClock(), time.sleep, _say))
    try:
        first_boot.run()
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr first-boot: {error}\n")
        stage: Stage = "failed"
        if isinstance(error, ByFilesError):
            stage = "files"
        elif isinstance(error, RefusedBecause):
            stage = "refused"
        with contextlib.suppress(InstallationError):
            first_boot.teller.tell(stage, str(error))
        needs_somebody = stage != "failed" or isinstance(error, _NEED_SOMEBODY)
        return EXIT_MISCONFIGURED if needs_somebody else EXIT_FAILURE
    return 0


def _say(sentence: str) -> None:
    """Write into the journal at once."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
