"""Fills the firewall's lists: files of ``nftables.d``, from the repository's templates."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.model import Installation
from edge_lpr.installation.places import SYSTEM_FOLDER, Places
from edge_lpr.installation.reach import Reach, Service
from edge_lpr.installation.rendered import MADE, SystemFile
from edge_lpr.technician.login_files import firewall_lines

_PLACEHOLDER: Final = re.compile(r"@([A-Z]+(?:_[A-Z]+)*)@")
_ADDRESS: Final = re.compile(r"@[A-Z_]*ADDRESS@")
_SET: Final = re.compile(r"(?<=add element inet edge_lpr )[a-z]+")
_MAXIMUM_TEMPLATE_BYTES: Final = 16_384

Values = Mapping[str, str]
"""What a line's placeholders stand for."""


def firewall_files(answers: Installation, reach: Reach, places: Places) -> Iterator[SystemFile]:
    """Make the files of ``/etc/nftables.d``.

    Args:
        answers: The installer's.
        reach: Whom the booth may reach.
        places: Where the templates are.

    Yields:
        ``booth.nft``; ``camera.nft`` for a camera on a network; ``by-name.nft`` where somebody is
        known by name only.

    Raises:
        InstallationError: A template is missing.
    """
    groups = [
        *_services("BROKER", reach.broker),
        *_services("ENROLMENT", reach.enrolment),
        *_services("UPDATE", reach.updates),
        *_services("TIME", reach.time),
    ]
    if reach.is_name_asked:
        groups += [{"NAME_SERVER_ADDRESS": each} for each in reach.name_servers]
    booth = _file("booth", groups, places)
    yield replace(booth, text=booth.text + firewall_lines(reach.technician_ca, _own(answers)))
    if answers.camera_place is not None:
        address, port = answers.camera_place
        yield _file("camera", [{"CAMERA_ADDRESS": address, "CAMERA_PORT": str(port)}], places)
    by_name = [*_by_name("BROKER", reach.broker), *_by_name("ENROLMENT", reach.enrolment)]
    by_name += [*_by_name("UPDATE", reach.updates), *_by_name("TIME", reach.time)]
    # A name that nobody may be asked for has no address to reach.
    if by_name and reach.name_servers:
        yield _file("by-name", by_name, places)


def fill(template: str, groups: list[Values]) -> str:
    """Return a template with its lines filled, each once for every group that it can be filled by.

    Args:
        template: Text with placeholders such as ``@BROKER_ADDRESS@``.
        groups: Values that belong together.

    Returns:
        The text; lines that no group fills are left out, those without a placeholder stay.
    """
    lines = []
    for line in template.splitlines():
        wanted = set(_PLACEHOLDER.findall(line))
        if line.startswith("#") or not wanted:
            lines.append(line)
            continue
        lines += [_filled(line, group) for group in groups if wanted <= group.keys()]
    return "".join(f"{line}\n" for line in lines)


def read_template(places: Places, name: str) -> str:
    """Return a template.

    Args:
        places: Where the templates are.
        name: Its path there, such as ``nftables.d/booth.nft.in``.

    Raises:
        InstallationError: It is missing.
    """
    path = places.templates / name
    try:
        with path.open("rb") as file:
            return file.read(_MAXIMUM_TEMPLATE_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InstallationError(
            f"{path}: cannot be read; it is part of the image: flash the card again"
        ) from error


def _own(answers: Installation) -> list[str]:
    """Return the booth's own network, where it is known before the network is up."""
    address = answers.network.address
    return [] if address is None else [str(ipaddress.ip_interface(address).network)]


def _services(name: str, service: Service | None) -> Iterator[Values]:
    """Return the values of a service, once for each address."""
    if service is not None:
        for address in service.addresses:
            yield {f"{name}_ADDRESS": address, f"{name}_PORT": str(service.port)}


def _by_name(name: str, service: Service | None) -> Iterator[Values]:
    """Return the port of a service of which no address is known."""
    if service is not None and not service.addresses:
        yield {f"{name}_PORT": str(service.port)}


def _filled(line: str, values: Values) -> str:
    """Return a line with its values, in the form for IPv6 where the address is one."""
    address = next((each for key, each in values.items() if key.endswith("_ADDRESS")), None)
    # systemd's words for addresses, "any" and "localhost", have no colon either.
    if _ADDRESS.search(line) and address is not None and ":" in address:
        line = _SET.sub(lambda found: f"{found[0]}6", line).replace(" ip daddr ", " ip6 daddr ")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], line)


def _file(name: str, groups: list[Values], places: Places) -> SystemFile:
    """Return one file."""
    template = read_template(places, f"nftables.d/{name}.nft.in")
    return SystemFile(f"{SYSTEM_FOLDER}/nftables.d/{name}.nft", MADE + fill(template, groups))
