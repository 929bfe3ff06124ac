"""What a demo prints: a live table for people, JSON lines for programs."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timezone
from typing import Final, NoReturn, Protocol

from rich.console import Console
from rich.text import Text

from edge_lpr.demo.funnel import REASONS, STAGES, Funnel
from edge_lpr.subscriber.verdicts import VerifiedSighting

_TOKEN_CHARACTERS: Final = 12
"""Enough to see that two tokens differ."""

_BAR_CHARACTERS: Final = 40
_COLUMNS: Final = "{:<11}  {:>4}  {:<7}  {:<13}  {:<10}  {:<5}  {}"
_READS: Final = {2: "2", 3: "3-5", 6: "6+"}
"""What the buckets of agreeing readings stand for."""


class Screen(Protocol):
    """Where a demo shows what happens."""

    def open(self, facts: Mapping[str, str]) -> None:
        """Say what is about to run: facts by name."""
        ...

    def waiting(self, sentence: str) -> AbstractContextManager[None]:
        """Show, where that is possible, that something is being waited for."""
        ...

    def sighting(self, topic: str, sighting: VerifiedSighting) -> None:
        """Show a verified sighting."""
        ...

    def refusal(self, topic: str, reason: str) -> None:
        """Show that something arrived that did not verify."""
        ...

    def close(self, funnel: Funnel, remark: str) -> None:
        """Show the numbers at the end, and the sentence that sums them up."""
        ...

    def failure(self, sentence: str) -> None:
        """Say why the demo could not go on."""
        ...


class _PipeConsole(Console):
    """Leaves it to the demo what to do when the reader of its output has left."""

    def on_broken_pipe(self) -> NoReturn:
        """Pass the error on, instead of ending the program."""
        raise BrokenPipeError


class TableScreen:
    """A table that grows by a row a sighting; colours and movement only on a terminal."""

    def __init__(self) -> None:
        """Write to standard output, failures to standard error."""
        self._console = _PipeConsole(highlight=False)
        self._errors = Console(stderr=True, highlight=False)
        self._has_header = False

    def open(self, facts: Mapping[str, str]) -> None:
        """Say what is about to run, a line a fact."""
        self._console.print(Text("edge-lpr demo", style="bold"))
        for name, fact in facts.items():
            self._console.print(Text(f"{name:<8} ", style="dim") + Text(fact), soft_wrap=True)

    @contextmanager
    def waiting(self, sentence: str) -> Iterator[None]:
        """Show a spinner on a terminal, nothing elsewhere."""
        with self._console.status(Text(sentence, style="dim"), spinner="dots"):
            yield

    def sighting(self, topic: str, sighting: VerifiedSighting) -> None:
        """Add a row."""
        del topic
        claims = sighting.claims
        self._header()
        row = _COLUMNS.format(
            datetime.fromtimestamp(claims.at, tz=timezone.utc).strftime("%H:%M:%S"),
            claims.lane,
            claims.dir,
            _claims(sighting)["exact"][:_TOKEN_CHARACTERS] + "…",
            "●" * claims.conf + "○" * (3 - claims.conf),
            _READS[claims.reads],
            "",
        )
        self._console.print(Text(row) + Text("yes", style="green"))

    def refusal(self, topic: str, reason: str) -> None:
        """Add a row that cannot be overlooked."""
        self._header()
        kind = topic.rpartition("/")[2]
        self._console.print(Text(f"{kind} NOT VERIFIED: {reason}", style="bold red"))

    def close(self, funnel: Funnel, remark: str) -> None:
        """Draw the funnel, and say what fell out."""
        self._console.print()
        widest = max(1, *funnel.stages.values())
        for stage in STAGES:
            number = funnel.stages[stage]
            bar = "█" * -(-number * _BAR_CHARACTERS // widest)
            self._console.print(Text(f"{stage:<11} {number:>7}  ") + Text(bar, style="cyan"))
        for name, number in funnel.losses.items():
            self._console.print(Text(f"{'':<11} {number:>7}  {REASONS[name]}", style="dim"))
        self._console.print()
        self._console.print(Text(remark, style="bold"), soft_wrap=True)

    def failure(self, sentence: str) -> None:
        """Print the sentence."""
        self._errors.print(
            Text("edge-lpr demo: ", style="bold red") + Text(sentence), soft_wrap=True
        )

    def _header(self) -> None:
        """Print the names of the columns above the first row."""
        if not self._has_header:
            self._has_header = True
            names = ("time (UTC)", "lane", "dir", "token", "confidence", "reads", "verified")
            self._console.print()
            self._console.print(Text(_COLUMNS.format(*names), style="bold"))


class JsonScreen:
    """One JSON object a line: sightings as they arrive, the funnel last."""

    def open(self, facts: Mapping[str, str]) -> None:
        """Say nothing: programs read this."""
        del facts

    @contextmanager
    def waiting(self, sentence: str) -> Iterator[None]:
        """Show nothing."""
        del sentence
        yield

    def sighting(self, topic: str, sighting: VerifiedSighting) -> None:
        """Print the claims, the topic and the verdict."""
        _print_json({**_claims(sighting), "topic": topic, "verified": True})

    def refusal(self, topic: str, reason: str) -> None:
        """Print the verdict and why."""
        _print_json({"topic": topic, "verified": False, "reason": reason})

    def close(self, funnel: Funnel, remark: str) -> None:
        """Print the numbers."""
        del remark
        _print_json({"funnel": {**funnel.losses, **funnel.stages}})

    def failure(self, sentence: str) -> None:
        """Print the sentence to standard error, where it spoils no JSON."""
        sys.stderr.write(f"edge-lpr demo: {sentence}\n")


def _claims(sighting: VerifiedSighting) -> dict[str, str]:
    """Return the claims as they stand in the document."""
    claims: dict[str, str] = json.loads(sighting.claims.encode())
    return claims


def _print_json(line: object) -> None:
    """Print one object, at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
