"""Bundles, as RAUC knows them: who signed one, what it is called, and its installation."""

import configparser
import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import BundleRefusedError, UpdateError
from edge_lpr.update.rule import BundleName
from edge_lpr.update.versions import SystemVersion

MANIFEST: Final = "manifest.raucm"
"""In the mounted bundle, so behind dm-verity and with it behind the signature."""

_RAUC: Final = "rauc"
_END_SERVICE: Final = ("systemctl", "stop", "rauc.service")
_NO_ANSWER: Final = "D-Bus error"
"""RAUC's client waits 25 s for its service, which is started when it is asked."""

_REFUSED_BY_US: Final = "Pre-install handler error"
"""What RAUC says of ``edge-lpr update check``, whose words stay in the log of RAUC's service."""

_MAXIMUM_MANIFEST_BYTES: Final = 65_536
_READ_BYTES: Final = 1 << 20
_INFO_WAIT_S: Final = 60
_INSTALL_WAIT_S: Final = 1800
"""A slow card takes about 10 MB/s."""
_END_WAIT_S: Final = 120


def signed_name(bundle: Path, *, config: Path | None = None) -> BundleName:
    """Return what a bundle is called, after its signature was checked.

    Args:
        bundle: The file.
        config: RAUC's settings; those of the booth if left out.

    Raises:
        BundleRefusedError: It is no bundle, was signed by nobody whom the image trusts, or names no
            version.
    """
    options = [] if config is None else [f"--conf={config}"]
    words = [_RAUC, *options, "info", "--output-format=json", str(bundle)]
    done = _run(words, wait_s=_INFO_WAIT_S)
    if done.returncode != 0:
        raise BundleRefusedError(f"this bundle is refused: {_last_line(done.stderr)}")
    try:
        manifest = json.loads(done.stdout)
        return BundleName(str(manifest["compatible"]), SystemVersion(manifest["version"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BundleRefusedError(
            "this bundle names no version; make it with scripts/build_update"
        ) from error


def mounted_name(folder: Path) -> BundleName:
    """Return what a mounted bundle is called.

    Args:
        folder: Where RAUC has mounted it, signature and all.

    Raises:
        BundleRefusedError: It names no version.
    """
    manifest = configparser.ConfigParser(interpolation=None)
    try:
        with (folder / MANIFEST).open("rb") as file:
            manifest.read_string(file.read(_MAXIMUM_MANIFEST_BYTES).decode())
        update = manifest["update"]
        return BundleName(update["compatible"], SystemVersion(update["version"]))
    except (OSError, ValueError, KeyError, configparser.Error) as error:
        raise BundleRefusedError(
            "this bundle names no version; make it with scripts/build_update"
        ) from error


def require_whole(folder: Path) -> None:
    """Refuse a mounted bundle of which a block was changed; dm-verity does not let that be read.

    RAUC's own ``perform-pre-check`` let such a bundle begin to be written.

    Args:
        folder: Where RAUC has mounted it; all of it is read.

    Raises:
        BundleRefusedError: A part of it cannot be read.
    """
    try:
        for file in sorted(each for each in folder.iterdir() if each.is_file()):
            with file.open("rb", buffering=0) as source:
                while source.read(_READ_BYTES):
                    pass
    except OSError as error:
        raise BundleRefusedError(
            f"this bundle was damaged on its way ({error.strerror}); send it again"
        ) from error


def install(bundle: Path) -> None:
    """Write a bundle into the slot that does not run, and start that one next.

    RAUC's service does it, and asks ``edge-lpr update check`` before it writes anything. A service
    whose client has given up is ended, as by a power cut: else it would write on behind an update
    that was called not installed.

    Args:
        bundle: The file.

    Raises:
        UpdateError: RAUC refused it or could not write it; the running system is as it was.
    """
    try:
        done = _run([_RAUC, "install", str(bundle)], wait_s=_INSTALL_WAIT_S)
    except UpdateError:
        _end_service()
        raise
    if done.returncode == 0:
        return
    reason = _last_line(done.stdout + done.stderr)
    if reason.startswith(_NO_ANSWER):
        _end_service()
        raise UpdateError(
            f"this bundle was not installed: RAUC's service did not answer in time ({reason}); "
            "the machine is very busy: try again in some minutes"
        )
    if reason.startswith(_REFUSED_BY_US):
        raise UpdateError(
            "this bundle was not installed: the booth's own check refused it before anything was "
            "written, most likely because it was damaged on its way: send it again "
            "(`journalctl -u rauc` has its words)"
        )
    raise UpdateError(f"this bundle was not installed: {reason}")


def _end_service() -> None:
    """End RAUC's service."""
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(  # noqa: S603 - fixed words
            _END_SERVICE, check=False, timeout=_END_WAIT_S, stdin=subprocess.DEVNULL
        )


def _run(words: list[str], *, wait_s: float) -> subprocess.CompletedProcess[str]:
    """Run RAUC."""
    try:
        return subprocess.run(  # noqa: S603 - RAUC, with words and a path of our own
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=wait_s,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise UpdateError("rauc is not installed; this is no booth's image") from error
    except subprocess.TimeoutExpired as error:
        raise UpdateError(f"rauc did not end within {wait_s:.0f} s; try again") from error


def _last_line(text: str) -> str:
    """Return RAUC's own reason: its last line but for the one that only says that it failed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith("LastError:")]
    chosen = (reasons or lines or ["rauc gave no reason"])[-1]
    return chosen.removeprefix("LastError:").strip()
