"""The command line of enrolment says what it means, or why it means nothing."""

from pathlib import Path

import pytest

from edge_lpr.core.settings import DEFAULT_SETTINGS_FILE
from edge_lpr.provisioning.arguments import parse_arguments


def test_booth_at_its_first_boot_needs_the_bundle_alone() -> None:
    options = parse_arguments(["--deployment", "deployment.lpr"])
    assert options.deployment == Path("deployment.lpr")
    assert options.settings == DEFAULT_SETTINGS_FILE
    assert (options.ticket, options.custody, options.wait_s) == (None, None, None)
    assert not options.renew
    assert not options.again


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--renew", "--again"], "--renew needs neither"),
        (["--renew", "--ticket", "A"], "--renew needs neither"),
        (["--custody", "pocket"], "invalid choice"),
        (["--wait", "-1"], "0 or more seconds"),
        (["--wait", "nan"], "0 or more seconds"),
        (["--wait", "long"], "0 or more seconds"),
        (["--request-file", "a", "--answer-file", "b"], "not allowed with"),
    ],
    ids=["again", "ticket", "custody", "past", "no number", "word", "both files"],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(words)
    assert complaint in capsys.readouterr().err
