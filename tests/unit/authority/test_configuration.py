"""The settings file of an authority: what is written is read, and nothing impossible."""

from pathlib import Path

import pytest
import tomli

from edge_lpr.authority.configuration import Configuration, FilesPlace, TokenPlace


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(FilesPlace(folder=Path('/media/a "medium"')), id="files"),
        pytest.param(TokenPlace(module=Path("/usr/lib/x.so"), token="custody"), id="token"),  # noqa: S106 - a label
    ],
)
def test_written_settings_read_the_same(place: FilesPlace | TokenPlace) -> None:
    written = Configuration(
        wrapping=place, retention_days=7, epochs_ahead=2, quota_factor=1.5, two_person=True
    )
    assert Configuration.model_validate(tomli.loads(written.text())) == written


@pytest.mark.parametrize(
    "settings",
    [
        {"retention_days": 0},
        {"retention_days": 367},
        {"epochs_ahead": 0},
        {"epochs_ahead": 9},
        {"quota_factor": 0.9},
        {"quota_factor": float("inf")},
        {"two_persons": True},
        {"wrapping": {"kind": "cloud"}},
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, object]) -> None:
    place = {"wrapping": {"kind": "files", "folder": "/x"}}
    with pytest.raises(ValueError, match="validation error"):
        Configuration.model_validate(place | settings)


def test_file_of_settings_says_that_it_is_no_secret() -> None:
    assert "secret" in Configuration(wrapping=FilesPlace(folder=Path("/x"))).text()
