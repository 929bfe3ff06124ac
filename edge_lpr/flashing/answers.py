"""Makes the answers for one booth from single words: those of the form, or of a row of a batch.

What is allowed, ``edge_lpr.installation`` knows; here a line becomes what it asks for.
"""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from edge_lpr.core.errors import InstallationError
from edge_lpr.core.settings_faults import sentences_about
from edge_lpr.installation.model import Installation

KEYS: Final = (
    "site",
    "device",
    "camera",
    "camera_login",
    "network",
    "time_server",
    "ticket",
    "update_url",
)
"""Every answer that is one line, by its key in ``installation.toml``."""

_NETWORK_WORDS: Final = (
    "must be dhcp, or static with the booth's address, the gateway and the name servers, such as "
    '"static 192.0.2.10/24 192.0.2.1 192.0.2.53"; Wi-Fi, LTE, VLAN and proxy go into a file, '
    "--answers (docs/network.md)"
)


def installation_from(words: Mapping[str, str], base: Mapping[str, object]) -> Installation:
    """Return the answers that single lines give.

    Args:
        words: Lines by key, one of ``KEYS``; an empty one is no answer.
        base: What holds where there is no line, as read from ``installation.toml``.

    Raises:
        InstallationError: One is missing or not allowed; the message names it and what is allowed.
    """
    document = dict(base)
    for key, text in words.items():
        if text:
            document[key] = network_from(text) if key == "network" else text
    try:
        # By way of JSON, as the file is read: strict, and a list may stand for a tuple.
        return Installation.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise InstallationError(sentences_about(error, template="docs/network.md")) from None


def network_from(text: str) -> dict[str, object]:
    """Return the section ``[network]`` that one line stands for.

    Args:
        text: ``dhcp``, or ``static ADDRESS/LENGTH [GATEWAY [NAME SERVER ...]]``.

    Raises:
        InstallationError: It is neither.
    """
    kind, *rest = text.replace(",", " ").split() or [""]
    if kind.lower() == "dhcp" and not rest:
        return {}
    if kind.lower() != "static" or not rest:
        raise InstallationError(f"network {_NETWORK_WORDS}")
    address, *others = rest
    section: dict[str, object] = {"kind": "static", "address": address}
    if others:
        section["gateway"] = others[0]
        section["name_servers"] = others[1:]
    return section
