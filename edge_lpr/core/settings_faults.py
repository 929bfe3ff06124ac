"""Says what is wrong with a settings file, in words that an installer can act on."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

_PHRASES: Final[Mapping[str, str]] = {
    "extra_forbidden": "is no setting; {template} shows all that there are",
    "missing": "is missing",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "may hold a to z, 0 to 9 and -, at most 32 characters",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "too_short": "needs at least {min_length} of them",
    "too_long": "may have at most {max_length} of them",
    "model_type": "must be a section of its own",
}
"""What an installer is told, by pydantic's kind of fault."""


def sentences_about(error: ValidationError, template: str = "firmware_config/booth.toml") -> str:
    """Name each wrong key and what is allowed, without quoting the value.

    Args:
        error: What pydantic found.
        template: Where somebody finds every key that there is.

    Returns:
        One clause a fault, parted by semicolons.
    """
    faults = error.errors(include_url=False, include_input=False)
    places = [fault["loc"] for fault in faults]
    # A list that has a fault inside is also reported as too short; that would be a false trail.
    told = [
        fault
        for fault in faults
        if not (
            fault["type"] == "too_short"
            and any(place != fault["loc"] and place[:1] == fault["loc"][:1] for place in places)
        )
    ]
    return "; ".join(
        f"{_key(fault['loc'])} "
        f"{_phrase(fault['type'], fault['msg'], {**fault.get('ctx', {}), 'template': template})}"
        "".strip()
        for fault in told
    )


def _key(place: tuple[int | str, ...]) -> str:
    """Return a key as an installer would look for it; lanes are counted from 1."""
    words = [f"({part + 1})" if isinstance(part, int) else part for part in place]
    return ".".join(words).replace(".(", "(")


def _phrase(kind: str, message: str, limits: Mapping[str, object]) -> str:
    """Say what is allowed, in words that fit behind the key."""
    if kind in _PHRASES:
        return _PHRASES[kind].format(**limits)
    return message.removeprefix("Value error, ")
