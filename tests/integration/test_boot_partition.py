"""The boot partition is writable for moments alone; in a mount namespace of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.disks import without_disks

PROGRAM = """
import os, sys
from pathlib import Path
from edge_lpr.core.boot_partition import writable

folder, lock = Path(sys.argv[1]), Path(sys.argv[2])
is_read_only = lambda: bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
inner = folder / "grub"
print(is_read_only())
try:
    with writable(inner, lock):
        print(is_read_only())
        (inner / "grubenv").write_text("written")
        raise KeyError
except KeyError:
    print(is_read_only())
print((inner / "grubenv").read_text())
"""


def test_a_partition_is_read_only_again_whatever_happens(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    point = tmp_path / "boot"
    point.mkdir()
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    prepare = (
        f"mount -t tmpfs none {point} && mkdir {point}/grub && mount -o remount,ro {point} "
        f"&& exec {sys.executable} {script} {point} {tmp_path}/lock"
    )
    command = [str(unshare), "--map-root-user", "--mount", "/bin/sh", "-c", prepare]
    probe = [str(unshare), "--map-root-user", "--mount", "/bin/true"]
    if unshare is None or subprocess.run(probe, check=False).returncode != 0:
        without_disks("this machine lets no user make a mount namespace")
    project = str(Path(__file__).parents[2])
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "PYTHONPATH": project},
    )
    assert done.stdout.split() == ["True", "False", "True", "written"], done.stderr
