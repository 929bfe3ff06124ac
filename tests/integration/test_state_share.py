"""What one user may take of a file system that counts; an emulated booth tries it with its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_lpr.core.errors import InstallationError
from edge_lpr.first_boot import state_share
from edge_lpr.first_boot.state_share import limit_share, main
from tests.support.card_images import MIB, tool
from tests.support.disks import without_disks

STRANGER = 45_321
COUNTS = ("-O", "quota", "-E", "quotatype=usrquota")
"""What ``open-state`` has the file system made with."""


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path | None]:
    """Mount a new file system of 64 MB; ``None`` if this kernel does not know such a one."""
    disk, place = folder / "disk", folder / "place"
    disk.write_bytes(bytes(64 * MIB))
    place.mkdir()
    subprocess.run([tool("mkfs.ext4"), "-q", "-m", "0", *options, str(disk)], check=True)
    mount = ["mount", "-o", "loop", str(disk), str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    try:
        yield place if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run([tool("umount"), str(place)], check=True)


def test_a_stranger_is_stopped_at_a_third_and_others_go_on(tmp_path: Path) -> None:
    with mounted(tmp_path, *COUNTS) as place:
        if place is None:
            pytest.skip("this kernel has no quota, or mounts nothing; an emulated booth's has")
        place.chmod(0o777)
        assert 15 * MIB < limit_share(place, STRANGER) < 25 * MIB
        # Once more, as when the unit is started again.
        limit_share(place, STRANGER)
        taken = ["setpriv", "--reuid", str(STRANGER), "--clear-groups", "fallocate", "-l", "40M"]
        done = subprocess.run(
            [*taken, str(place / "his")], capture_output=True, text=True, check=False
        )
        assert "quota exceeded" in done.stderr
        subprocess.run([tool("fallocate"), "-l", "20M", str(place / "ours")], check=True)


def test_a_file_system_that_does_not_count_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with mounted(tmp_path) as place:
        if place is None:
            without_disks("needs root, and loop devices")
        assert limit_share(place, STRANGER) == 0
        monkeypatch.setattr(state_share, "STATE", place)
        monkeypatch.setattr(state_share, "PUBLISHER", "root")
        assert main() == 0
        assert "not limited: it was made without counting" in capsys.readouterr().err


def test_what_cannot_be_limited_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InstallationError, match="nothing is mounted"):
        limit_share(tmp_path, STRANGER)
    # The kernel's own folder is on no disk.
    monkeypatch.setattr(state_share, "STATE", Path("/proc"))
    monkeypatch.setattr(state_share, "PUBLISHER", "root")
    assert main() == 1
    assert "it could fill this partition" in capsys.readouterr().err
