"""Writes the booth.toml of a demo."""

import json
import os
from typing import Final

from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.demo.arguments import EngineChoice, Source
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.folders import DemoFolders
from edge_lpr.demo.keys import (
    DEMO_ADDRESS,
    authority_file,
    certificate_file,
    event_key_file,
    incoming_folder,
    key_ring_file,
)
from edge_lpr.synthesis.lane import PASSAGE_GAP_S

_LANE: Final = 1


def write_settings(
    folders: DemoFolders,
    source: Source | None,
    broker: EmbeddedBroker,
    engine: EngineChoice = "onnx",
) -> None:
    """Write the settings that the three processes read.

    Args:
        folders: The demo's folders.
        source: Where frames come from; None for the rendered lane.
        broker: Where sightings go.
        engine: What runs the models.

    Raises:
        KeyFileError: The file of the camera's credentials cannot be written.
        OSError: The settings cannot be written.
    """
    sections: dict[str, dict[str, str | int | float]] = {
        "[booth]": {
            "tenant": DEMO_ADDRESS.tenant,
            "site": DEMO_ADDRESS.site,
            "device": DEMO_ADDRESS.device,
        },
        "[[lanes]]": {"number": _LANE, "direction": "in"},
        "[vision]": {
            "readings_socket": str(folders.readings_socket),
            "engine": engine,
            "threads": min(os.cpu_count() or 1, 4),
        },
        "[vision.source]": _source_section(folders, source),
        "[tokeniser]": {
            "readings_socket": str(folders.readings_socket),
            "sightings_socket": str(folders.sightings_socket),
            "key_ring_file": str(key_ring_file(folders)),
            "event_key_file": str(event_key_file(folders)),
            "device_certificate_file": str(certificate_file(folders)),
            "authority_file": str(authority_file(folders)),
            "incoming_folder": str(incoming_folder(folders)),
        },
        "[publisher]": {
            "sightings_socket": str(folders.sightings_socket),
            "outbox_file": str(folders.outbox_file),
            "broker_host": broker.host,
            "broker_port": broker.port,
            "mqtt_version": broker.mqtt_version,
        },
    }
    if source is None:
        sections["[vision]"]["passage_gap_s"] = PASSAGE_GAP_S
    folders.settings_file.write_text(
        "# Written by edge-lpr demo; written anew at every run.\n\n" + _toml(sections),
        encoding="utf-8",
    )


def _source_section(folders: DemoFolders, source: Source | None) -> dict[str, str | int | float]:
    """Describe the source; a password goes to a file of its own."""
    if source is None:
        return {"kind": "video", "address": str(folders.lane_file)}
    section: dict[str, str | int | float] = {"kind": source.kind, "address": source.address}
    if source.credentials is not None:
        credentials_file = folders.keys / "camera-credentials"
        write_secret_file(credentials_file, source.credentials.encode())
        section["credentials_file"] = str(credentials_file)
    return section


def _toml(sections: dict[str, dict[str, str | int | float]]) -> str:
    """Write sections; every JSON text of ours is a TOML basic string too."""
    return "\n".join(
        header + "\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        for header, values in sections.items()
    )
