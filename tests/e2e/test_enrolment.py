"""Enrolment from an empty folder to the first verified sighting, in the page's words only."""

import os
import re
import sys
from pathlib import Path

import pytest

from tests.support.broker import free_port, listens
from tests.support.page_session import PageCommand, PageSession, masked, page_commands
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "enrolment.md"
SECTION = re.compile(r"^## All of it on one machine\n(.*?)^## ", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4,6}")
PATIENCE_S = 120.0
PORTS = ("8443", "8883", "8884")


class Reader:
    """Somebody who types what the page says, with the codes that he was shown."""

    def __init__(self, session: PageSession) -> None:
        self._session = session
        self._codes: dict[str, str] = {}
        self.ports = {port: str(free_port()) for port in PORTS}

    def typed(self, command: PageCommand) -> str:
        """Return a command with this reader's own codes, and ports that are free here."""
        text = CODE.sub(lambda code: self._codes[code[0]], command.text)
        for port, ours in self.ports.items():
            text = re.sub(rf"\b{port}\b", ours, text)
        return text

    def follow(self, command: PageCommand) -> None:
        """Type a command, and compare what is shown with the page."""
        output = self._session.run(self.typed(command))
        self._learn_codes(command, output)
        lines = [masked(line) for line in output.splitlines()]
        for line in command.without_what_changes():
            assert line in lines, (command.text, line, output)
        self._adapt(command.text)

    def _learn_codes(self, command: PageCommand, output: str) -> None:
        """Remember which code stands for which of the page's."""
        for shown, seen in zip(
            CODE.findall("\n".join(command.shown)), CODE.findall(output), strict=False
        ):
            self._codes[shown] = seen

    def _adapt(self, text: str) -> None:
        """Wait for what runs in the background, and keep the broker to this test's ports."""
        if text.startswith("mosquitto "):
            wait_until(lambda: listens(int(self.ports["8884"])))
        if "authority serve" in text:
            wait_until(lambda: listens(int(self.ports["8443"])))
        if text.startswith("sed "):
            for port in ("8883", "8884"):
                self._session.run(f"sed -i 's/listener {port}/listener {self.ports[port]}/' *.conf")


@pytest.mark.broker
def test_page_leads_from_an_empty_folder_to_the_first_verified_sighting(tmp_path: Path) -> None:
    section = SECTION.search(PAGE.read_text())
    assert section is not None
    *commands, last = page_commands(section[1])
    # The program as it is installed; mosquitto lies where only root looks.
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "edge-lpr"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m edge_lpr "$@"\n')
    program.chmod(0o755)
    folder = tmp_path / "empty"
    folder.mkdir()
    path = f"{program.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
    environment = {"PATH": path, "PYTHONPATH": str(ROOT), "repo": str(ROOT), "HOME": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch, PageSession(folder, environment) as session:
        for name, value in environment.items():
            patch.setenv(name, value)
        reader = Reader(session)
        for command in commands:
            reader.follow(command)
        assert last.text.startswith("edge-lpr subscribe --deployment")
        subscribing = session.start(f"{reader.typed(last)} --seconds {PATIENCE_S}")
        try:
            assert subscribing.stdout is not None
            seen = iter(subscribing.stdout.readline, "")
            sighting = next((line for line in seen if re.search(r"booth-1 +1  in ", line)), "")
        finally:
            subscribing.terminate()
            subscribing.communicate(timeout=20)
    assert len(sighting.split()) == len(last.shown[-1].split())
