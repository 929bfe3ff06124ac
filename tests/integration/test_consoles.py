"""A console shows what it is given, and takes nothing from whoever types there."""

import os
import select
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.first_boot.consoles import Console

CTRL_S, CTRL_C = b"\x13", b"\x03"


@pytest.fixture
def terminal() -> Iterator[tuple[int, Path]]:
    """The far end of a serial line, and its device."""
    far, near = os.openpty()
    # Held open, as a board's port is: its settings stay.
    yield far, Path(os.ttyname(near))
    os.close(near)
    os.close(far)


def read(far: int) -> bytes:
    """Return what has come to the far end."""
    content = b""
    while select.select([far], [], [], 0.2)[0]:
        content += os.read(far, 4096)
    return content


def test_text_is_shown_and_another_one_follows(terminal: tuple[int, Path]) -> None:
    far, device = terminal
    console = Console(device)
    console.show("one\ntwo\n")
    assert read(far).endswith(b"one\r\ntwo\r\n")
    console.show("three\n")
    shown = read(far)
    assert shown.endswith(b"three\r\n")
    # A serial line's other end may be a file: no escape sequence.
    assert b"\x1b" not in shown
    console.close()
    console.close()


def test_who_types_is_not_heard_and_stops_nothing(terminal: tuple[int, Path]) -> None:
    far, device = terminal
    console = Console(device)
    console.show("one\n")
    read(far)
    os.write(far, b"password" + CTRL_C + CTRL_S)
    assert read(far) == b""
    console.show("two\n")
    assert b"two" in read(far)
    console.close()


def test_terminal_that_takes_nothing_holds_nobody_up(terminal: tuple[int, Path]) -> None:
    _far, device = terminal
    console = Console(device)
    # Nobody reads: the line's buffer of a few thousand bytes is full, and stays so.
    console.show("x" * 79 + "\n" + "y" * 100_000)
    console.close()


def test_console_that_is_not_there_is_no_fault_and_may_come(tmp_path: Path) -> None:
    device = tmp_path / "ttyS0"
    console = Console(device)
    console.show("one\n")
    device.touch()
    console.show("one\n")
    console.show("one\n")
    console.close()
    assert device.read_bytes().count(b"one") == 1


def test_screen_is_wiped_and_drawn_anew(tmp_path: Path) -> None:
    screen = tmp_path / "tty1"
    screen.touch()
    console = Console(screen)
    console.show("one\n")
    console.close()
    assert screen.read_bytes() == b"\x1b[H\x1b[2Jone\n"


def test_what_is_not_ascii_cannot_speak_to_the_terminal(terminal: tuple[int, Path]) -> None:
    far, device = terminal
    console = Console(device)
    console.show("\x9b2J\n")
    assert b"\x9b" not in read(far)
    assert termios.tcgetattr(far)
    console.close()
