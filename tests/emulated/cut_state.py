"""A card's encrypted state, opened on another machine: what lies on it after a power cut.

No device mapper and no mount is needed, so no right of root's either: ``cryptsetup`` gives the
volume key out for the key file that lies on the boot partition (custody tier C), the sectors are
decrypted here, and ``e2fsck`` and ``debugfs`` work on a file.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from edge_lpr.emulation.disk import run_tool

IV_BYTES: Final = 512
"""LUKS counts sectors in these for their tweak, however long a sector of its own is."""

FOLDERS: Final = ("etc-edge-lpr", "credstore", "var-lib-edge-lpr", "update", "rauc")
"""What is taken out of the state, of all that is there."""

HEADER_BYTES: Final = 16 << 20
_BLOCK_BYTES: Final = 16
_FOLD: Final = 0x87
"""What a tweak that runs over is folded with."""

_MOST_AT_ONCE: Final = 8192
"""Sectors; some ten times as many bytes are in memory meanwhile."""

_MOST_A_FILE: Final = 32 << 20
"""A bundle that waits is longer, and is not taken out."""


@dataclass(frozen=True, slots=True)
class Partition:
    """Where it lies, in bytes."""

    start: int
    size: int


def partitions(card: Path) -> dict[str, Partition]:
    """Return a card's partitions by name.

    Raises:
        EmulationError: ``sfdisk`` finds no sound table.
    """
    table = json.loads(run_tool("sfdisk", "--json", str(card)))["partitiontable"]
    size = table["sectorsize"]
    return {
        each["name"]: Partition(each["start"] * size, each["size"] * size)
        for each in table["partitions"]
    }


class LuksError(Exception):
    """The encrypted partition cannot be opened as a booth would; the message says why."""


@dataclass(frozen=True, slots=True)
class Luks:
    """How the sectors of one partition are encrypted."""

    key: bytes
    start: int
    """Of the first sector, from the start of the partition, in bytes."""
    sector_bytes: int

    @classmethod
    def open(cls, card: BinaryIO, place: Partition, key_file: bytes, scratch: Path) -> "Luks":
        """Do what a booth's start does.

        Args:
            card: The whole card.
            place: The partition.
            key_file: What opens it.
            scratch: A folder of one's own.

        Raises:
            LuksError: It is not sound, or the key does not fit.
        """
        header, key, volume = (scratch / name for name in ("luks", "luks.key", "luks.volume"))
        card.seek(place.start)
        header.write_bytes(card.read(HEADER_BYTES))
        key.write_bytes(key_file)
        volume.unlink(missing_ok=True)
        give_out = ["-q", "--dump-volume-key", "--key-file", str(key)]
        said = [
            subprocess.run(
                ["/usr/sbin/cryptsetup", "luksDump", *options, str(header)],
                capture_output=True,
                text=True,
                check=False,
            )
            for options in (
                ["--dump-json-metadata"],
                [*give_out, "--volume-key-file", str(volume)],
            )
        ]
        if any(each.returncode for each in said):
            raise LuksError(" ".join(each.stderr.strip() for each in said))
        (segment,) = json.loads(said[0].stdout)["segments"].values()
        if segment["encryption"] != "aes-xts-plain64" or segment["iv_tweak"] != "0":
            raise LuksError(f"an encryption that is not understood here: {segment}")
        return cls(volume.read_bytes(), int(segment["offset"]), int(segment["sector_size"]))

    def decrypt(self, number: int, sectors: bytes) -> bytes:
        """Return the plain sectors (XTS, IEEE 1619), all of them in one step.

        Args:
            number: Of the first one.
            sectors: Whole ones; one of zeros was never written, and stays as it is.
        """
        blocks = self.sector_bytes // _BLOCK_BYTES
        cipher = np.frombuffer(sectors, np.uint64).reshape(-1, blocks, 2)
        places = np.arange(len(cipher), dtype=np.uint64) + np.uint64(number)
        tweaks = np.zeros((len(cipher), 2), np.uint64)
        tweaks[:, 0] = places * np.uint64(self.sector_bytes // IV_BYTES)
        half = len(self.key) // 2
        first = Cipher(AES(self.key[half:]), ECB()).encryptor().update(tweaks.tobytes())  # noqa: S305
        tweak = np.frombuffer(first, np.uint64).reshape(-1, 2).copy()
        mask = np.empty_like(cipher)
        for block in range(blocks):
            mask[:, block] = tweak
            low, high = tweak[:, 0], tweak[:, 1]
            carry = (high >> np.uint64(63)) * np.uint64(_FOLD)
            tweak = np.stack(
                ((low << np.uint64(1)) ^ carry, (high << np.uint64(1)) | (low >> np.uint64(63))), 1
            )
        opened = Cipher(AES(self.key[:half]), ECB()).decryptor().update((cipher ^ mask).tobytes())  # noqa: S305
        plain = np.frombuffer(opened, np.uint64).reshape(cipher.shape) ^ mask
        plain[~cipher.any(axis=(1, 2))] = 0
        return plain.tobytes()


class PlainState:
    """A file with the decrypted state of a card that changes now and then."""

    def __init__(self, luks: Luks, place: Partition, file: Path) -> None:
        """Begin with nothing decrypted: what was never written is read by nobody.

        Args:
            luks: How it is encrypted.
            place: Where it lies on the card.
            file: Made anew.
        """
        self.luks = luks
        self._place = place
        self._file = file
        file.unlink(missing_ok=True)
        with file.open("wb") as made:
            made.truncate(place.size - luks.start)

    def follow(self, card: BinaryIO, touched: list[tuple[int, int]]) -> None:
        """Decrypt anew what has changed.

        Args:
            card: The whole card.
            touched: Where, on the card, and how long, in bytes.
        """
        begin = self._place.start + self.luks.start
        end = self._place.start + self._place.size
        size = self.luks.sector_bytes
        changed: set[int] = set()
        for offset, length in touched:
            first, last = max(offset, begin), min(offset + length, end)
            if first < last:
                changed.update(range((first - begin) // size, (last - 1 - begin) // size + 1))
        with self._file.open("r+b") as plain:
            for number, count in _runs(sorted(changed)):
                card.seek(begin + number * size)
                plain.seek(number * size)
                plain.write(self.luks.decrypt(number, card.read(count * size)))

    def copy_to(self, file: Path) -> None:
        """Copy it, holes as holes."""
        run_tool("cp", "--sparse=always", str(self._file), str(file))


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Yield first number and length of what follows without a hole, in pieces that are not long."""
    first = count = 0
    for number in numbers:
        if count and number == first + count and count < _MOST_AT_ONCE:
            count += 1
            continue
        if count:
            yield first, count
        first, count = number, 1
    if count:
        yield first, count


def check_file_system(file: Path) -> list[str]:
    """Do with a file system what a start does, and return what is wrong that must not be.

    The journal is played, as it is at every start after a power cut; then nothing may be left.
    """
    preen = _e2fsck("-p", file)
    problems = []
    if preen.returncode not in (0, 1):
        problems.append(f"a start would stop at its file system: {_in_a_line(preen.stdout)}")
    full = _e2fsck("-fn", file)
    if full.returncode != 0:
        problems.append(f"the file system after its journal: {_in_a_line(full.stdout)}")
    return problems


def take_out(file: Path, folder: Path) -> None:
    """Copy what a booth keeps out of its file system; everything is this user's afterwards.

    Args:
        file: The file system, after its check.
        folder: Made anew.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in FOLDERS:
        (folder / name).mkdir()
        _take_folder(file, name, folder / name)


def _take_folder(file: Path, name: str, target: Path) -> None:
    """Copy the files of a folder and of those in it; debugfs' rdump would take bundles along."""
    orders = []
    for line in _debugfs(file, f"ls -p /{name}").splitlines():
        fields = line.split("/")
        if len(fields) < 7 or fields[5] in (".", "..", ""):
            continue
        mode, entry, size = int(fields[2], 8), fields[5], int(fields[6] or 0)
        if mode >> 12 == 0o4:
            (target / entry).mkdir()
            _take_folder(file, f"{name}/{entry}", target / entry)
        elif mode >> 12 == 0o10 and size < _MOST_A_FILE:
            orders.append((f'dump "/{name}/{entry}" "{target / entry}"', target / entry, mode))
    if orders:
        _debugfs(file, *(order for order, _, _ in orders))
    for _, made, mode in orders:
        made.chmod(mode & 0o777)
        os.chown(made, os.geteuid(), os.getegid())


def _debugfs(file: Path, *orders: str) -> str:
    done = subprocess.run(
        ["/usr/sbin/debugfs", "-f", "-", str(file)],
        input="\n".join(orders) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _e2fsck(how: str, file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/usr/sbin/fsck.ext4", how, str(file)], capture_output=True, text=True, check=False
    )


def _in_a_line(said: str) -> str:
    return " ".join(said.split())[-400:]
