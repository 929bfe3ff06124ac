"""Questions to the person at the terminal, and what counts as an answer."""

import io

import pytest

from edge_lpr.authority.terminal import ask, ask_secret, confirm
from edge_lpr.core.errors import InputRefusedError, NotAllowedError


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


class Screen(io.StringIO):
    """Standard input of a person."""

    def isatty(self) -> bool:
        return True


def test_question_is_no_part_of_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, "  anna \n")
    assert ask("Name") == "anna"
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Name: ")


@pytest.mark.parametrize("text", ["", "no end of line", "x" * 5000 + "\n"])
def test_what_is_no_answer_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    answer(monkeypatch, text)
    with pytest.raises(InputRefusedError, match="nothing was done"):
        ask("Name")


def test_only_the_expected_word_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "30\n")
    confirm("Type 30", "30")
    answer(monkeypatch, "yes\n")
    with pytest.raises(NotAllowedError, match="30 was not typed"):
        confirm("Type 30", "30")


def test_secret_is_asked_unseen_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Screen())
    monkeypatch.setattr("getpass.getpass", lambda *_words: "secret")
    assert ask_secret("Passphrase") == "secret"


def test_terminal_that_is_closed_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_words: object) -> str:
        raise EOFError

    monkeypatch.setattr("sys.stdin", Screen())
    monkeypatch.setattr("getpass.getpass", closed)
    with pytest.raises(InputRefusedError, match="no answer"):
        ask_secret("Passphrase")
