"""A disk that anybody uses is never written: real loop devices, and what the kernel shows."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.card import opened_disk
from edge_lpr.flashing.disk import Disk, candidates, find_disk, require_unused
from tests.support.card_images import MIB, loop_device, make_image, tool


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MiB with nothing on it."""
    backing = tmp_path / "backing"
    backing.write_bytes(bytes(32 * MIB))
    with loop_device(backing) as path:
        yield path


def test_free_disk_is_found_and_claimed(device: Path) -> None:
    disk = find_disk(device)
    require_unused(disk)
    assert disk.size_bytes == 32 * MIB
    with opened_disk(disk.path, disk.size_bytes):
        pass


def test_mounted_disk_is_refused_by_us_and_by_the_kernel(device: Path, tmp_path: Path) -> None:
    place = tmp_path / "a place"
    place.mkdir()
    subprocess.run([tool("mkfs.ext4"), "-q", str(device)], check=True, capture_output=True)
    subprocess.run(["mount", str(device), str(place)], check=True)  # noqa: S607
    try:
        with pytest.raises(FlashError, match=r"is mounted, at .*/a place; eject it"):
            require_unused(find_disk(device))
        with pytest.raises(FlashError, match="uses it"), opened_disk(device, 32 * MIB):
            pytest.fail("it was opened")
    finally:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S607


def test_nobody_mounts_a_disk_that_is_being_written(device: Path, tmp_path: Path) -> None:
    subprocess.run([tool("mkfs.ext4"), "-q", str(device)], check=True, capture_output=True)
    with opened_disk(device, 32 * MIB):
        command = ["mount", str(device), str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "already mounted or mount point busy" in done.stderr


def test_partition_is_no_disk(tmp_path: Path) -> None:
    with loop_device(make_image(tmp_path / "image")) as device:
        partition = Path(f"{device}p1")
        if not partition.exists():
            pytest.skip("needs a kernel that shows partitions of loop devices")
        with pytest.raises(FlashError, match=f"is a partition; name the whole disk, {device}"):
            find_disk(partition)


def test_disk_with_swap_in_use_is_refused(device: Path) -> None:
    subprocess.run([tool("mkswap"), str(device)], check=True, capture_output=True)
    done = subprocess.run([tool("swapon"), str(device)], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("needs a kernel that lets swap be added")
    try:
        with pytest.raises(FlashError, match="swap"):
            require_unused(find_disk(device))
        with pytest.raises(FlashError, match="uses it"), opened_disk(device, 32 * MIB):
            pytest.fail("it was opened")
    finally:
        subprocess.run([tool("swapoff"), str(device)], check=True)


def test_disk_below_a_loop_device_is_refused(device: Path) -> None:
    with loop_device(device) as upper, pytest.raises(FlashError, match=f"{upper.name} is built"):
        require_unused(find_disk(device))


def test_disk_that_this_system_runs_from_is_refused() -> None:
    number = next(
        line.split()[2]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if line.split()[4] == "/"
    )
    folder = Path("/sys/dev/block") / number
    if not folder.exists():
        pytest.skip("this system's root is on no disk of its own")
    name = folder.resolve().name
    disk = Disk(Path("/dev") / name, 1, "", "", is_external=False)
    with pytest.raises(FlashError, match="own system"):
        require_unused(disk)


def test_disk_that_is_built_in_is_not_offered() -> None:
    # Also where nobody uses it: it may be another system's.
    assert all(disk.is_external for disk in candidates(0))


def test_card_that_was_exchanged_after_the_question_is_not_written(device: Path) -> None:
    with pytest.raises(FlashError, match="another card"), opened_disk(device, 64 * MIB):
        pytest.fail("it was opened")


class Kernel:
    """Folders as the kernel shows its devices, for what no test machine has."""

    def __init__(self, folder: Path) -> None:
        self.sys, self.proc = folder / "sys", folder / "proc"
        (self.sys / "class" / "block").mkdir(parents=True)
        (self.sys / "block").mkdir()
        (self.proc / "self").mkdir(parents=True)
        (self.proc / "swaps").write_text("Filename Type Size Used Priority\n")
        self.mount("0:20", "/")

    def add(self, name: str, number: str, below: str | None = None) -> Path:
        """Add a disk, or a partition below one."""
        folder = self.sys / "devices" / name if below is None else self.folder(below) / name
        (folder / "holders").mkdir(parents=True)
        (folder / "dev").write_text(f"{number}\n")
        if below is not None:
            (folder / "partition").write_text("1\n")
        (self.sys / "class" / "block" / name).symlink_to(folder)
        return folder

    def hold(self, lower: str, upper: str) -> None:
        """Build one device upon another."""
        (self.folder(lower) / "holders" / upper).symlink_to(self.folder(upper))

    def folder(self, name: str) -> Path:
        return (self.sys / "class" / "block" / name).resolve()

    def mount(self, number: str, place: str) -> None:
        line = f"22 1 {number} / {place} rw - ext4 /dev/none rw\n"
        with (self.proc / "self" / "mountinfo").open("a") as file:
            file.write(line)

    def judge(self) -> None:
        disk = Disk(Path("/dev/sda"), 1, "", "", is_external=False)
        require_unused(disk, self.sys, self.proc)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    """A disk with a partition, and upon that LUKS with LVM in it, and a RAID."""
    kernel = Kernel(tmp_path)
    kernel.add("sda", "8:0")
    kernel.add("sda3", "8:3", below="sda")
    kernel.add("dm-0", "253:0")
    kernel.add("dm-1", "253:1")
    kernel.add("md127", "9:127")
    return kernel


def test_disk_with_a_mounted_partition_is_refused(kernel: Kernel) -> None:
    kernel.mount("8:3", "/media/card")
    with pytest.raises(FlashError, match="is mounted, at /media/card"):
        kernel.judge()


def test_partition_that_nobody_uses_is_no_obstacle(kernel: Kernel) -> None:
    kernel.judge()


@pytest.mark.parametrize("place", ["/", "/home"])
def test_disk_below_the_volume_of_an_encrypted_partition_is_this_system(
    kernel: Kernel, place: str
) -> None:
    kernel.hold("sda3", "dm-0")
    kernel.hold("dm-0", "dm-1")
    kernel.mount("253:1", place)
    with pytest.raises(FlashError, match="own system"):
        kernel.judge()


def test_disk_of_a_raid_is_refused_mounted_or_not(kernel: Kernel) -> None:
    kernel.hold("sda", "md127")
    with pytest.raises(FlashError, match="md127 is built upon it"):
        kernel.judge()
    kernel.mount("9:127", "/media/x")
    with pytest.raises(FlashError, match="is mounted, at /media/x"):
        kernel.judge()


def test_disk_with_a_swap_file_on_it_is_refused(kernel: Kernel, tmp_path: Path) -> None:
    swap = tmp_path / "swap file"
    swap.write_bytes(b"")
    device = swap.stat().st_dev
    kernel.add("sda1", f"{device >> 8}:{device & 255}", below="sda")
    escaped = str(swap).replace(" ", "\\040")
    (kernel.proc / "swaps").write_text(f"Filename Type\n{escaped} file 1 0 -2\n")
    with pytest.raises(FlashError, match="swap file"):
        kernel.judge()


def test_mount_point_with_a_space_is_said_as_it_is(kernel: Kernel) -> None:
    kernel.mount("8:3", "/media/u/MY\\040CARD")
    with pytest.raises(FlashError, match="sudo umount '/media/u/MY CARD'"):
        kernel.judge()
