"""What stands for each board in QEMU."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EmulationError


@dataclass(frozen=True, slots=True)
class EmulatedBoard:
    """A board as QEMU knows it."""

    program: str
    """QEMU's program."""
    machine: tuple[str, ...]
    """Arguments for machine and processor."""
    same_architecture: str
    """What ``os.uname().machine`` is where KVM could run it."""
    firmware: tuple[str, ...]
    """Where UEFI's code may lie, and beside it what it remembers (``CODE`` becomes ``VARS``)."""
    packages: str
    """Debian packages that have both."""
    serial_device: str
    """The kernel's name of the serial console."""
    tpm_device: str
    """QEMU's name of a TPM on this board."""
    software_watchdog_s: int
    """In software a frame takes seconds: so long may a process give no sign of life there."""


BOARDS: Final = {
    "generic-amd64": EmulatedBoard(
        program="qemu-system-x86_64",
        machine=("-machine", "q35"),
        same_architecture="x86_64",
        firmware=("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd"),
        packages="qemu-system-x86 ovmf",
        serial_device="ttyS0",
        tpm_device="tpm-crb",
        software_watchdog_s=40,
    ),
    "generic-arm64": EmulatedBoard(
        program="qemu-system-aarch64",
        # With the GIC that the processor below would have; secure world stays out.
        machine=("-machine", "virt,gic-version=3"),
        same_architecture="aarch64",
        firmware=("/usr/share/AAVMF/AAVMF_CODE.fd",),
        packages="qemu-system-arm qemu-efi-aarch64",
        serial_device="ttyAMA0",
        tpm_device="tpm-tis-device",
        software_watchdog_s=180,
    ),
}
"""Boards that an image can be emulated for, by the name that the image has."""


def processor_arguments(board: EmulatedBoard) -> tuple[str, ...]:
    """Return QEMU's arguments for the processor: this machine's own by KVM, or one in software.

    Args:
        board: What is emulated.

    Returns:
        Arguments; with KVM it is some thirty times faster.
    """
    if kvm_works(board):
        # QEMU copies to the guest what this register says, and some machines refuse to be told.
        return ("-accel", "kvm", "-cpu", "host,-arch-capabilities")
    # The largest processor that QEMU knows: what ONNX Runtime finds there it uses. But its one
    # instruction that copies any length goes byte by byte in software, and the kernel likes it.
    lacks = ",pauth-impdef=on" if board.same_architecture == "aarch64" else ",-erms,-fsrm"
    return ("-accel", "tcg,thread=multi,tb-size=512", "-cpu", f"max{lacks}")


def kvm_works(board: EmulatedBoard) -> bool:
    """Tell whether this machine's processor can be lent to the guest.

    ``EDGE_LPR_KVM=0`` says no: some machines offer a KVM that cannot run an ordinary kernel.
    """
    return (
        os.environ.get("EDGE_LPR_KVM", "1") != "0"
        and os.uname().machine == board.same_architecture
        and os.access("/dev/kvm", os.R_OK | os.W_OK)
        # A KVM by paravirtualisation runs kernels that know of it, and no other.
        and not Path("/sys/module/kvm_pvm").exists()
    )


def firmware_code(board: EmulatedBoard) -> Path:
    """Return where the board's firmware lies.

    Args:
        board: What is emulated.

    Returns:
        File of its code.

    Raises:
        EmulationError: It is not installed.
    """
    for file in board.firmware:
        if Path(file).exists():
            return Path(file)
    raise EmulationError(f"no UEFI firmware here: apt-get install {board.packages}")
