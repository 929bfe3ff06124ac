"""``authority.toml``: how this authority works. Nothing in it is secret; keys are elsewhere."""

import json
from pathlib import Path
from typing import Annotated, Final, Literal

import tomli
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_lpr.core.errors import SettingsError

MAXIMUM_RETENTION_DAYS: Final = 366
"""Nobody needs to look back further than a year; a key kept for ever is what this is against."""

MAXIMUM_EPOCHS_AHEAD: Final = 8
"""Most epochs a device holds (``tokens.key_ring``)."""

_MAXIMUM_BYTES: Final = 16_384
_HEAD: Final = (
    "# An edge-lpr authority. Nothing in here is secret. docs/authority.md explains it.\n"
)


class FilesPlace(BaseModel):
    """Wrapping keys in a folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["files"] = "files"
    folder: Path
    """Never in a backup."""


class TokenPlace(BaseModel):
    """Wrapping keys in a PKCS#11 token."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["pkcs11"] = "pkcs11"
    module: Path
    """The vendor's library."""
    token: str
    """The token's label."""


class Configuration(BaseModel):
    """What the custodian has decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    retention_days: int = Field(default=30, ge=1, le=MAXIMUM_RETENTION_DAYS)
    """R: for so many days past plates can be looked up; then the keys are destroyed."""
    epochs_ahead: int = Field(default=4, ge=1, le=MAXIMUM_EPOCHS_AHEAD)
    """How many days of keys a device gets, today included."""
    quota_factor: float = Field(default=1.2, ge=1.0, le=100.0)
    """How many plates may be compiled a day, as a multiple of the registered list."""
    two_person: bool = False
    """Whether ``lookup`` and ``destroy`` need the passphrases of two persons."""
    wrapping: Annotated[FilesPlace | TokenPlace, Field(discriminator="kind")]
    """Where the wrapping keys are."""

    def text(self) -> str:
        """Return the file's content."""
        # JSON's strings, numbers and truth values are TOML's as well.
        plain = self.model_dump(mode="json")
        wrapping = plain.pop("wrapping")
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in plain.items()]
        places = [f"{name} = {json.dumps(value)}\n" for name, value in wrapping.items()]
        return _HEAD + "".join(lines) + "\n[wrapping]\n" + "".join(places)


def read_configuration(path: Path) -> Configuration:
    """Read ``authority.toml``.

    Args:
        path: The file.

    Returns:
        What it says, every value in its range.

    Raises:
        SettingsError: It is missing, is no TOML, or says something impossible.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAXIMUM_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}); name the authority's folder with "
            "--folder, or make one with edge-lpr authority init"
        ) from error
    if len(content) > _MAXIMUM_BYTES:
        raise SettingsError(f"{path}: longer than {_MAXIMUM_BYTES} bytes")
    try:
        return Configuration.model_validate_json(json.dumps(tomli.loads(content.decode())))
    except (UnicodeDecodeError, tomli.TOMLDecodeError, TypeError) as error:
        raise SettingsError(f"{path}: is no TOML of this program") from error
    except ValidationError as error:
        places = ", ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(f"{path}: {places}") from error
