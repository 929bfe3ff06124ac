"""How far it has got, how fast, how long still."""

import io

from edge_lpr.flashing.progress import Progress


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_rate_and_time_left_are_of_what_was_done() -> None:
    screen, seconds = Screen(), iter([0.0, 10.0, 10.2, 40.0])
    progress = Progress("writing", 4_000_000_000, screen, lambda: next(seconds))
    progress.advance(1_000_000_000)
    progress.advance(0)
    progress.finish()
    lines = [line.rstrip() for line in screen.getvalue().split("\r")]
    assert lines == [
        "",
        "writing    25%  1.0 GB of 4.0 GB, 100 MB a second, 0:30 left",
        "writing   1.0 GB in 0:40, 25 MB a second",
    ]


def test_without_a_terminal_there_is_one_line() -> None:
    out, seconds = io.StringIO(), iter([0.0, 10.0, 20.0])
    progress = Progress("reading", 20_000_000, out, lambda: next(seconds))
    progress.advance(20_000_000)
    progress.finish()
    assert out.getvalue() == "reading   20 MB in 0:20, 1 MB a second\n"
