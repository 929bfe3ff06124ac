"""What ``edge-lpr flash`` does, from the bundle to the label: read ``flash`` to know the order."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import tomli

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import FlashError, InputRefusedError, InstallationError, WireError
from edge_lpr.flashing.arguments import FlashOptions
from edge_lpr.flashing.batch import Report, read_batch
from edge_lpr.flashing.batch_run import BatchRun
from edge_lpr.flashing.boot_files import require_mtools
from edge_lpr.flashing.bundle import Bundle, read_bundle
from edge_lpr.flashing.card import add_files, opened_disk, opened_file
from edge_lpr.flashing.card_contents import find_boot, look_at
from edge_lpr.flashing.choosing import Choosing
from edge_lpr.flashing.disk import is_block_device
from edge_lpr.flashing.form import ask_answers
from edge_lpr.flashing.image_file import check_image
from edge_lpr.flashing.label import Label
from edge_lpr.flashing.terminal import Terminal
from edge_lpr.flashing.ticket_note import require_same_booth, ticket_from
from edge_lpr.flashing.workshop import Workshop, files_for, label_for, write_label
from edge_lpr.installation.model import MAXIMUM_INSTALLATION_BYTES, Installation
from edge_lpr.installation.reading import read_installation
from edge_lpr.provisioning.placing import SECRET_MODE, place
from edge_lpr.wire.ticket import tidy_fingerprint
from edge_lpr.wire.topics import DeviceAddress

_DEVICES: Final = Path("/dev")
_IMAGE_FOLDERS: Final = (Path(), Path("build"))
_IMAGE_NAMES: Final = ("edge-lpr-*.img", "edge-lpr-*.img.xz", "edge-lpr-*.img.zst")


def flash(options: FlashOptions, terminal: Terminal, clock: Clock) -> None:
    """Do what the command line says.

    Args:
        options: The command line.
        terminal: Where the installer sits.
        clock: Tells when, for a batch's report.

    Raises:
        EdgeLprError: It could not be done; the message says why, and what to do.
    """
    # 1. Whose booths are these? A person says whether it is the right authority.
    bundle = read_bundle(options.deployment)
    terminal.say(
        f"deployment of {bundle.deployment.tenant}, authority {bundle.deployment.fingerprint}: "
        "compare it with the custodian's note"
    )
    if options.label_only:
        _write_label_only(options, bundle)
        return
    # 2. Is everything there? Nobody shall type for nothing.
    require_mtools()
    if options.files_only is not None:
        _write_files(options, options.files_only, bundle, terminal)
        return
    path = options.image or _only_image()
    terminal.say(f"checking {path}")
    workshop = Workshop(bundle, check_image(path), terminal)
    # 3. Answers, card, label.
    if options.batch is not None and options.to is not None:
        _flash_batch(options, options.batch, options.to, workshop, clock)
    else:
        _flash_one(options, workshop)


def _flash_one(options: FlashOptions, workshop: Workshop) -> None:
    """Write one card or file, and show its label."""
    terminal, layout = workshop.terminal, workshop.image.layout
    if options.to is None or _is_device(options.to):
        booth, target = _flash_disk(options, workshop)
    else:
        if options.to.exists():
            raise FlashError(f"{options.to}: is there already; remove it, or name another file")
        booth, target = _answers(options, terminal), options.to
        workshop.write(booth, opened_file(target, layout.size_bytes))
    label = label_for(booth, workshop.bundle.deployment)
    if terminal.out.isatty():
        # A terminal that has no blocks is none to draw on.
        with contextlib.suppress(UnicodeEncodeError):
            label.show(terminal.out)
    if options.label is not None:
        write_label(label, options.label)
    terminal.say(f"{target} is written and read back, for {booth.site}/{booth.device}")
    terminal.say(
        "next: card into the booth, power last; read the fingerprint on its screen to the custodian"
    )


def _flash_disk(options: FlashOptions, workshop: Workshop) -> tuple[Installation, Path]:
    """Write one card, and say for which booth and where."""
    choosing = Choosing(workshop.terminal, workshop.image.layout.card_bytes, options.yes)
    if options.to is not None:
        choosing.inspect(options.to)
    booth = _answers(options, workshop.terminal)
    disk = card = choosing.confirmed(options.to)
    while fault := workshop.attempt(booth, opened_disk(card.path, card.size_bytes)):
        if options.answers is not None:
            raise fault
        # A card that is no good must not cost the answers that somebody typed.
        workshop.terminal.say(f"  {fault}")
        card = choosing.next_card(disk, f"{booth.site}/{booth.device}", set())
    return booth, card.path


def _flash_batch(
    options: FlashOptions, batch: Path, to: Path, workshop: Workshop, clock: Clock
) -> None:
    """Write the cards or files of a table."""
    base = _common_answers(options.answers) if options.answers is not None else {}
    booths = read_batch(batch, base)
    if options.label is not None:
        _make_folder(options.label)
    run = BatchRun(workshop, Report.beside(batch), options.label, clock)
    if _is_device(to):
        run.to_reader(booths, to, options.yes)
    else:
        _make_folder(to)
        run.to_folder(booths, to)
    workshop.terminal.say(f"all done; {run.report.path} says when")


def _write_files(options: FlashOptions, target: Path, bundle: Bundle, terminal: Terminal) -> None:
    """Write the two files onto a card that was flashed before, mounted or not."""
    if _is_device(target):
        disk = Choosing(terminal, 0, None).inspect(target)
        with opened_disk(disk.path, disk.size_bytes) as card:
            boot = find_boot(card.descriptor)
            terminal.say(f"  {disk.describe()}, holds {look_at(disk.path).text}")
            booth = _answers(options, terminal)
            add_files(card, boot, files_for(booth, bundle))
    else:
        if not target.is_dir():
            raise FlashError(f"{target}: is no folder; give the boot partition, as it is mounted")
        booth = _answers(options, terminal)
        for name, content in files_for(booth, bundle).items():
            place(target / name, content, SECRET_MODE)
    if options.label is not None:
        write_label(label_for(booth, bundle.deployment), options.label)
    terminal.say(f"{target} has the answers for {booth.site}/{booth.device}")


def _write_label_only(options: FlashOptions, bundle: Bundle) -> None:
    """Write the label of a booth that is enrolled."""
    site, _, device = (options.device or "").partition("/")
    try:
        fingerprint = tidy_fingerprint(options.fingerprint) if options.fingerprint else None
        address = DeviceAddress(bundle.deployment.tenant, site, device)
    except InputRefusedError as error:
        raise InstallationError(f"--fingerprint: {error}") from error
    except WireError as error:
        raise InstallationError(f"--device must be like north-crossing/booth-1: {error}") from error
    label = Label(address, bundle.deployment.fingerprint, fingerprint)
    write_label(label, options.label or Path("label.pdf"))


def _answers(options: FlashOptions, terminal: Terminal) -> Installation:
    """Return the answers, from a file or from the person, with the ticket if one is given."""
    note = ticket_from(options.ticket) if options.ticket else None
    if options.answers is None:
        return ask_answers(terminal, note)
    booth = read_installation(options.answers)
    require_same_booth(note, booth)
    return booth.model_copy(update={"ticket": note.code}) if note else booth


def _common_answers(path: Path) -> Mapping[str, object]:
    """Return what holds for all booths of a batch; with each line of it they are checked."""
    try:
        with path.open("rb") as file:
            untrusted_text = file.read(MAXIMUM_INSTALLATION_BYTES).decode("utf-8-sig")
        return tomli.loads(untrusted_text)
    except OSError as error:
        raise InstallationError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InstallationError(f"{path}: is no TOML: {error}") from error


def _only_image() -> Path:
    """Return the image that lies where the command was typed, if it is the only one."""
    found = [
        path
        for folder in _IMAGE_FOLDERS
        for name in _IMAGE_NAMES
        for path in sorted(folder.glob(name))
    ]
    if len(found) != 1:
        names = ", ".join(map(str, found)) or "none"
        raise FlashError(f"which image? Name it with --image; here and in build/ there is: {names}")
    return found[0]


def _is_device(path: Path) -> bool:
    """Return whether a disk is meant; a mistyped one must not become a file."""
    return is_block_device(path) or path.is_relative_to(_DEVICES)


def _make_folder(folder: Path) -> None:
    """Make a folder unless it is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FlashError(f"{folder}: is no folder, and cannot be one ({error.strerror})") from error
