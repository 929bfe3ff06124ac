"""Where a booth keeps the key that its secret files are sealed under, and what that is worth.

A TPM 2.0 is reached through ``systemd-creds``: the key becomes an encrypted credential, which
systemd unseals for the tokeniser alone at each start (``edge-lpr-tokeniser.service.d/tpm.conf``).
So this project has no TPM code of its own, and the key never lies on the card. What each kind of
custody gives against which thief is told in ``docs/custody.md``; sealing itself is left to
``tokens/sealing.py``.
"""

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from edge_lpr.core.errors import KeyFileError, KeyFileMissingError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.core.wipe import wipe
from edge_lpr.tokens.sealing import SEALING_KEY_BYTES, SealingKey
from edge_lpr.wire.device_certificate import CustodyTier

Custody: TypeAlias = Literal["plain", "tpm"]
"""What can be chosen: plain files (a laboratory), or files sealed under a key of the TPM."""

CREDENTIAL_NAME: Final = "sealing-key"
"""Under which systemd hands the key over; sealed into the credential, so it fits nothing else."""

SECURE_BOOT_REGISTER: Final = 7
"""Whether secure boot is on, and under which keys: another operating system changes it, an update
that is signed like the one before does not, so a booth does not lock itself out. Registers 0 to 5
would bind to one version of firmware and boot loader.

Source:
    TCG PC Client Platform Firmware Profile, section 3.3.4; systemd-cryptenroll(1).
"""

_PROGRAM: Final = "systemd-creds"
_MAXIMUM_CREDENTIAL_BYTES: Final = 16_384
"""One of 32 bytes has 600, in base64."""

_PATIENCE_S: Final = 60.0
"""A discrete TPM makes its primary key in seconds."""


@dataclass(frozen=True, slots=True)
class Tpm:
    """Which TPM seals, to what, and where the sealed key lies."""

    credential_file: Path = Path("/etc/credstore.encrypted/edge-lpr-sealing-key")
    """The encrypted credential, as ``tpm.conf`` names it."""
    device: str = "auto"
    """For ``systemd-creds --tpm2-device``: a device, or a TPM in software."""
    registers: tuple[int, ...] = (SECURE_BOOT_REGISTER,)
    """Platform registers that must be as they are now for the key to be unsealed. None only on a
    board whose boot chain is closed by other means (docs/custody.md)."""


@dataclass(frozen=True, slots=True)
class CustodyKind:
    """One way in which a board can keep a booth's keys."""

    tier: CustodyTier
    """What the authority may certify."""
    keeps: str
    """What keeps the key, in a few words."""
    conditions: tuple[str, ...]
    """What must be true of the board; nothing here checks it."""
    was_tested_on_hardware: bool


CUSTODY_KINDS: Final = {
    "tpm": CustodyKind(
        CustodyTier.A,
        "a TPM 2.0, through an encrypted credential of systemd",
        (
            "secure boot is on, under keys that only the operator can sign with",
            "the boot loader takes no command line and no other kernel from the keyboard",
            "the root file system is verified (dm-verity) or encrypted under the same TPM",
        ),
        was_tested_on_hardware=False,
    ),
    "jetson-fused": CustodyKind(
        CustodyTier.A,
        "a disk key from the fused board's EKB, opened by OP-TEE",
        (
            "the PKC hash and the SBK are fused, ODM production mode is set, JTAG is closed",
            "disk encryption (LUKS) takes its key from the EKB, not from a passphrase",
        ),
        was_tested_on_hardware=False,
    ),
    "pi-otp": CustodyKind(
        CustodyTier.B,
        "disk encryption under the device-unique key in the OTP of a Raspberry Pi 5 or CM5",
        (
            "secure boot is programmed (SIGNED_BOOT, the hash of the operator's key in OTP)",
            "program_rpiboot_gpio and VPU JTAG are locked, and the OTP key row is closed",
            "the root file system is LUKS under the OTP key, opened in the signed initramfs",
        ),
        was_tested_on_hardware=False,
    ),
    "plain": CustodyKind(CustodyTier.C, "a file that its owner reads", (), False),  # noqa: FBT003
}
"""Every kind there is. ``tpm`` was tested with a TPM in software; on none of the boards yet."""


def make_sealing_key(custody: Custody, tpm: Tpm | None = None) -> SealingKey | None:
    """Make the key that this booth's secret files are to be sealed under.

    Args:
        custody: ``plain`` for none at all.
        tpm: Which one, and where the credential goes; that of this machine if left out.

    Returns:
        The key, for the files that are written now; the caller wipes it. ``None`` for ``plain``.

    Raises:
        KeyFileError: There is a credential already, ``systemd-creds`` is missing or fails, or it
            warns: a key that is bound to registers nobody measures would be bound to nothing.
    """
    if custody == "plain":
        return None
    chosen = tpm or Tpm()
    if chosen.credential_file.exists():
        raise KeyFileError(
            f"{chosen.credential_file}: is there already, and what is sealed under it would be "
            "lost; open it, or remove it to begin anew"
        )
    octets = bytearray(secrets.token_bytes(SEALING_KEY_BYTES))
    try:
        credential = _run("encrypt", chosen, octets)
        write_secret_file(chosen.credential_file, credential)
        return SealingKey(octets)
    finally:
        wipe(octets)


def open_sealing_key(custody: Custody, tpm: Tpm | None = None) -> SealingKey | None:
    """Unseal the key of this booth, as systemd does for the tokeniser; for enrolment and renewal.

    Args:
        custody: ``plain`` for none at all.
        tpm: As when it was made.

    Returns:
        The key; the caller wipes it. ``None`` for ``plain``.

    Raises:
        KeyFileMissingError: There is no credential.
        KeyFileError: This TPM does not open it: it is another board's, the machine was booted in
            another way, or the file is damaged.
    """
    if custody == "plain":
        return None
    chosen = tpm or Tpm()
    credential = read_secret_file(chosen.credential_file, _MAXIMUM_CREDENTIAL_BYTES)
    # systemd-creds leaves the key in an object that cannot be wiped; this process ends soon.
    octets = bytearray(_run("decrypt", chosen, credential))
    try:
        return SealingKey(octets)
    except ValueError as error:
        raise KeyFileError(
            f"{chosen.credential_file}: holds no sealing key; remove it and enrol the booth again"
        ) from error
    finally:
        wipe(octets)


def open_or_make_sealing_key(custody: Custody, tpm: Tpm | None = None) -> SealingKey | None:
    """Unseal the key of this booth; make it if there is none yet.

    Args:
        custody: As for ``make_sealing_key``.
        tpm: As for ``make_sealing_key``.

    Returns:
        The key; the caller wipes it. ``None`` for ``plain``.

    Raises:
        KeyFileError: As for the other two.
    """
    try:
        return open_sealing_key(custody, tpm)
    except KeyFileMissingError:
        return make_sealing_key(custody, tpm)


def _run(verb: Literal["encrypt", "decrypt"], tpm: Tpm, content: bytearray) -> bytes:
    """Have ``systemd-creds`` seal or unseal; keys go through pipes, never through a file."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise KeyFileError(f"{_PROGRAM} is not installed; it is part of systemd from 250 on")
    options = [f"--name={CREDENTIAL_NAME}", f"--tpm2-device={tpm.device}"]
    if verb == "encrypt":
        registers = "+".join(map(str, tpm.registers))
        options += ["--with-key=tpm2", f"--tpm2-pcrs={registers}"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, options of the operator
            [program, *options, verb, "-", "-"],
            input=content,
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
            # It takes notice and goes on where it should stop; less than that it must not say.
            env={**os.environ, "SYSTEMD_LOG_LEVEL": "notice"},
        )
    except subprocess.TimeoutExpired:
        # Without its cause, which holds what was read and written so far.
        raise KeyFileError(
            f"{_PROGRAM} {verb} had no answer from the TPM in {_PATIENCE_S:.0f} s"
        ) from None
    untrusted_words = " ".join(done.stderr.decode("utf-8", "replace").split())
    if done.returncode != 0 or (verb == "encrypt" and untrusted_words):
        raise KeyFileError(
            f"{tpm.credential_file}: {_PROGRAM} {verb} refuses ({untrusted_words}); "
            "docs/custody.md says what the TPM needs"
        )
    return done.stdout
