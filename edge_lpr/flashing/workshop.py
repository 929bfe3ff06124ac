"""What the writing of every card has in common: bundle, image, and who is told of it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.bundle import Bundle
from edge_lpr.flashing.card import Card, write_card
from edge_lpr.flashing.image_file import Image, opened_image
from edge_lpr.flashing.label import Label
from edge_lpr.flashing.terminal import Terminal
from edge_lpr.installation.dumping import dump_installation
from edge_lpr.installation.model import INSTALLATION_FILE_NAME, Installation
from edge_lpr.provisioning.placing import PUBLIC_MODE, place
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME, Deployment
from edge_lpr.wire.topics import DeviceAddress


@dataclass(frozen=True, slots=True)
class Workshop:
    """Writes cards of one image for one deployment."""

    bundle: Bundle
    """The custodian's."""
    image: Image
    """What goes onto the cards."""
    terminal: Terminal
    """Who is told."""

    def write(self, booth: Installation, opening: AbstractContextManager[Card]) -> None:
        """Write a card, and see that it holds what was written.

        Args:
            booth: The answers.
            opening: Opens the card.

        Raises:
            FlashError: The image is damaged, or the card does not keep what is written.
        """
        # The image first: whoever cannot read it must not take a card's partitions away.
        with opened_image(self.image.path) as image, opening as card:
            write_card(card, image, files_for(booth, self.bundle), self.terminal.progress)

    def attempt(
        self, booth: Installation, opening: AbstractContextManager[Card]
    ) -> FlashError | None:
        """Write a card, and return what was wrong with it; another one may be better.

        Args:
            booth: The answers.
            opening: Opens the card.
        """
        try:
            self.write(booth, opening)
        except FlashError as error:
            return error
        return None


def files_for(booth: Installation, bundle: Bundle) -> dict[str, bytes]:
    """Return the files that a card's boot partition gets, by name.

    Args:
        booth: The answers.
        bundle: The custodian's.
    """
    # The bundle first: a booth that finds answers without one would have to wait for it.
    return {
        DEPLOYMENT_FILE_NAME: bundle.content,
        INSTALLATION_FILE_NAME: dump_installation(booth).encode(),
    }


def label_for(booth: Installation, deployment: Deployment) -> Label:
    """Return the label of a booth that has not started yet.

    Args:
        booth: The answers.
        deployment: What its bundle says.
    """
    address = DeviceAddress(deployment.tenant, booth.site, booth.device)
    return Label(address, deployment.fingerprint, None)


def write_label(label: Label, path: Path) -> None:
    """Write a label as a page of PDF.

    Args:
        label: What stands on it.
        path: The file; replaced if it exists.

    Raises:
        EnrolmentError: It cannot be written.
    """
    place(path, label.pdf(), PUBLIC_MODE)
