"""The commented template holds every key, with the default that the code has."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import tomli
from pydantic import BaseModel

from edge_lpr.core.settings import (
    BoothSection,
    LaneSection,
    PublisherSection,
    SourceSection,
    TokeniserSection,
    VisionSection,
    load_settings,
)

TEMPLATE = Path(__file__).parents[2] / "firmware_config" / "booth.toml"

SECTIONS: dict[str, type[BaseModel]] = {
    "booth": BoothSection,
    "lanes": LaneSection,
    "vision": VisionSection,
    "vision.source": SourceSection,
    "tokeniser": TokeniserSection,
    "publisher": PublisherSection,
}

WITHOUT_A_DEFAULT = {
    # Left out, these mean "the whole picture", "not seen", "all cores", "the package's own", "no
    # password", "my own user", "no deliveries", "not sealed", "no TLS", "no proxy", "no limit" and
    # "nobody"; a desk that root asks at is systemd's to open.
    "vision.diagnosis_socket",
    "tokeniser.diagnosis_socket",
    "publisher.diagnosis_socket",
    "lanes.region",
    "lanes.arrow",
    "vision.threads",
    "vision.models_folder",
    "vision.source.credentials_file",
    "tokeniser.vision_user",
    "tokeniser.authority_file",
    "tokeniser.sealing_key_file",
    "publisher.tokeniser_user",
    "publisher.tls_ca_file",
    "publisher.tls_certificate_file",
    "publisher.tls_key_file",
    "publisher.proxy",
    "publisher.daily_megabytes",
    "publisher.consumers_file",
}


def template_with_every_key() -> dict[str, object]:
    """Uncomment the keys that are commented out because they show defaults."""
    return tomli.loads(re.sub(r"^# (\w+ = )", r"\1", TEMPLATE.read_text(), flags=re.MULTILINE))


def keys_of(section_name: str) -> dict[str, object]:
    section: object = template_with_every_key()
    for part in section_name.split("."):
        section = cast("dict[str, object]", section)[part]
    if isinstance(section, list):
        section = section[0]
    return {
        key: value
        for key, value in cast("dict[str, object]", section).items()
        if not isinstance(value, dict)
    }


def as_in_toml(default: object) -> object:
    """Return a default as TOML would show it: without paths and tuples."""
    if isinstance(default, Path):
        return str(default)
    return list(default) if isinstance(default, tuple) else default


def shown_defaults() -> Iterator[tuple[str, object, object]]:
    for section_name, model in SECTIONS.items():
        shown = keys_of(section_name)
        for key, field in model.model_fields.items():
            name = f"{section_name}.{key}"
            if not field.is_required() and name not in WITHOUT_A_DEFAULT and key in shown:
                yield name, shown[key], as_in_toml(field.default)


def test_template_is_valid_as_it_ships() -> None:
    settings = load_settings(TEMPLATE)
    assert settings.vision.source.kind == "camera"


def test_template_names_every_key_and_no_other() -> None:
    for section_name, model in SECTIONS.items():
        own_keys = {key for key in model.model_fields if f"{section_name}.{key}" not in SECTIONS}
        assert set(keys_of(section_name)) == own_keys, section_name


def test_template_shows_the_defaults_of_the_code() -> None:
    differing = {
        name: (shown, default) for name, shown, default in shown_defaults() if shown != default
    }
    assert differing == {}
