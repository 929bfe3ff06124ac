"""A booth whose card writes down what is done to it; its agency, a consumer who never sleeps."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.errors import EdgeLprError, EmulationError
from edge_lpr.emulation.boards import kvm_works
from edge_lpr.emulation.disk import make_folder_disk, run_tool
from edge_lpr.emulation.flashed import flash
from edge_lpr.emulation.guest import LANE_FOLDER
from edge_lpr.emulation.host_side import TENANT, HostSide
from edge_lpr.emulation.machine import HOST_ADDRESS, EmulatedBooth
from edge_lpr.installation.keeping import keep_installation
from edge_lpr.installation.model import INSTALLATION_FILE_NAME
from edge_lpr.installation.reading import read_installation
from tests.emulated.cut_card import RecordingCard

GATE_S: Final = 150
"""``update_gate_s``: shorter than at a booth, and long enough where there is no KVM."""

BUSY: Final = 10
"""Load for each core of this machine above which an emulated booth fails by the clock."""

PATIENCE_S: Final = 2400.0
"""For anything that a booth is to come to, without KVM and beside others."""

READINGS_S: Final = 2.0
"""How often a vehicle passes."""

_FEED: Final = f"""\
import contextlib, itertools, random, time
from pathlib import Path
from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.reading_message import READING_BYTES, ReadingMessage
from edge_lpr.handoff.seqpacket import connect
while True:
    with contextlib.suppress(HandoffError, OSError):
        tokeniser = connect(Path("/run/edge-lpr/tokeniser/readings.sock"))
        while True:
            message = bytearray(READING_BYTES)
            plate = bytearray(random.randrange(36) for _ in range(7))
            ReadingMessage(1, "in", 3, 9, plate).pack_into(message)
            tokeniser.send(message)
            if tokeniser.receive(READING_BYTES, timeout_s=30) is None:
                break
            time.sleep({READINGS_S})
    time.sleep(1)
"""

VISION: Final = f"""\
[Service]
Type=exec
ExecStart=
ExecStart=/opt/edge-lpr/bin/python -I {LANE_FOLDER}/readings.py
WatchdogSec=0
Restart=always
RestartSec=2
"""
"""Vision writes nothing to the card, and looking at pictures in software takes the whole machine.
So it is played: its user hands invented readings to the tokeniser; all behind that is real."""

UNITS: Final = "edge-lpr-vision edge-lpr-tokeniser edge-lpr-publisher nftables edge-lpr-sshd"
_LOOK: Final = {
    "attempt": "cat /state/update/last-update.json 2>/dev/null",
    "push": "systemctl is-active push.service",
    "publisher": "systemctl show -p StatusText --value edge-lpr-publisher",
    "image": "cat /usr/lib/edge-lpr/image.json",
    "cmdline": "cat /proc/cmdline",
}
"""What is asked again and again, by name, to be marked in the record."""


_FROM_HERE: Final = f"""\
import runpy, socket, sys
name = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: name(
    "127.0.0.1" if host == "{HOST_ADDRESS}" else host, *more, **named)
sys.argv[0] = "edge-lpr"
runpy.run_module("edge_lpr", run_name="__main__")
"""
"""This program, where the broker has the name by which the booth knows it."""


class NbdBooth(EmulatedBooth):
    """An emulated booth whose card is served by somebody else."""

    card_url: str | None = None

    def _command(self) -> list[str]:
        command = super()._command()
        if not kvm_works(self.board) and os.getloadavg()[0] > BUSY * (os.cpu_count() or 1):
            # This machine is busy. Two emulated processors would spin, waiting for each other; and
            # by the clock, the booth's watchdogs would find that every process hangs. So time
            # passes by instructions.
            command[command.index("-smp") + 1] = "1"
            command = [word.replace("thread=multi", "thread=single") for word in command]
            command += ["-icount", "shift=2,sleep=on,align=off"]
        if self.card_url is None:
            return command
        ours = f"file={self.disk},"
        return [word.replace(ours, f"file={self.card_url},") for word in command]


def ask(booth: EmulatedBooth, questions: dict[str, str], patience_s: float) -> dict[str, str]:
    """Return what a booth answers, by the names of the questions.

    Raises:
        EmulationError: It does not in time.
    """
    # Not every file ends with a line.
    asked = (f"echo '== {name}'; {{ {each}; }}; echo" for name, each in questions.items())
    _, said = booth.run("; ".join(asked), patience_s)
    answers = dict.fromkeys(questions, "")
    name = ""
    for line in said.splitlines():
        if line.startswith("== "):
            name = line[3:]
        elif name and line:
            answers[name] += line + "\n"
    return answers


class CutBooth:
    """The booth, and all that is around it, in one folder."""

    def __init__(self, image_folder: Path, folder: Path, bundles: list[Path]) -> None:
        """Flash a card; nothing runs yet.

        Args:
            image_folder: Filled by ``scripts/build_image``.
            folder: Short, because sockets lie in it. ``base.img`` there will be the flashed card,
                and ``record`` what was done to it since.
            bundles: Updates, which the booth will find by their number, from 0.
        """
        self.folder = folder
        (image,) = image_folder.glob("edge-lpr-generic-amd64-*.img")
        folder.mkdir(parents=True, exist_ok=True)
        self.booth = NbdBooth(image, folder / "booth", probe=True)
        self.host = HostSide(folder / "host")
        self._let_authority_in()
        self._consumer: subprocess.Popen[bytes] | None = None
        self._seen = folder / "consumer.jsonl"
        flash(self.booth, self.host, cars=1)
        self.booth.drop_in("edge-lpr-vision.service", VISION)
        answers = self.booth.folder / INSTALLATION_FILE_NAME
        shortened = read_installation(answers).model_copy(update={"update_gate_s": GATE_S})
        keep_installation(answers, shortened)
        self.booth.put_on_boot_partition(answers, INSTALLATION_FILE_NAME)
        lane = self.booth.folder / "lane"
        (lane / "lane.avi").unlink()
        (lane / "readings.py").write_text(_FEED)
        for number, bundle in enumerate(bundles):
            bundle.rename(lane / f"{number}.raucb")
        megabytes = 80 + sum(each.stat().st_size for each in lane.iterdir()) * 11 // 10_000_000
        make_folder_disk(lane, self.booth.folder / "lane.img", megabytes)
        run_tool("cp", "--sparse=always", str(self.booth.disk), str(folder / "base.img"))
        self.card = RecordingCard(self.booth.disk, folder / "card", folder / "record")
        self.booth.card_url = self.card.url
        self._is_over = False
        self._marked = 0

    def begin(self) -> None:
        """Start the agency, and switch the booth on for the first time."""
        self.host.start()
        with self._seen.open("wb") as log:
            self._consumer = subprocess.Popen(self.host.subscribe("--json"), stdout=log)
        for work in (self._approve, self._mark_events):
            threading.Thread(target=work, daemon=True).start()
        self.card.serve()
        self.card.mark(scene="first start")
        self.booth.start()

    def end(self) -> None:
        """Switch everything off; the consumer last, so that it has seen what the broker took."""
        self.booth.power_cut()
        self._is_over = True
        time.sleep(2)
        self.card.close()
        if self._consumer is not None:
            self._consumer.terminate()
            self._consumer.wait()
        self.host.stop()

    def issue_keys(self) -> None:
        """Give the booth new keys, by the broker, under the transport key that it has announced."""
        for word in (["rotate"], ["issue", "--test"]):
            folder = ["--folder", str(self.host.authority)]
            command = [sys.executable, "-c", _FROM_HERE, "authority", *word, *folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr

    def _let_authority_in(self) -> None:
        """Have the broker take what the authority sends; an emulated booth needs it only here."""
        rules = self.host.folder / "access.list"
        with rules.open("a") as file:
            file.write(f"authority token-authority {TENANT}\n")
        folder = str(self.host.folder / "broker")
        command = ["broker", "acl", "--list", str(rules), "--folder", folder]
        subprocess.run([sys.executable, "-m", "edge_lpr", *command], check=True)

    def look(self, patience_s: float = 60.0) -> dict[str, str] | None:
        """Ask the booth how it is, and mark what it says; ``None`` if it does not answer."""
        # A booth that is switched off may leave half an answer.
        with suppress(EmulationError, ValueError):
            answers = ask(self.booth, _LOOK, patience_s)
            self.card.mark(said=answers)
            return answers
        return None

    def wait(self, is_it: Callable[[dict[str, str]], bool], every_s: float = 3.0) -> dict[str, str]:
        """Look again and again until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        said: dict[str, str] | None = None
        while True:
            if (said := self.look()) is not None and is_it(said):
                return said
            assert time.monotonic() < deadline, f"{said}\n{self.booth.console()[-2000:]}"
            time.sleep(every_s)

    def wait_for_events(self, is_it: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait until the consumer has seen something, and look at the booth meanwhile."""
        self.wait(lambda _: is_it(self.events()))

    def push_update(self, number: int) -> None:
        """Begin an update, as a technician does; it restarts the booth by itself."""
        bundle = f"{LANE_FOLDER}/{number}.raucb"
        install = f"/opt/edge-lpr/bin/edge-lpr update install - <{bundle}"
        status, said = self.booth.run(
            f"systemd-run --collect --unit=push /bin/sh -c '{install} >/run/push.txt 2>&1'"
        )
        if status != 0:
            raise EmulationError(f"the update could not be begun: {said}")

    def events(self) -> list[dict[str, Any]]:
        """Return what the consumer has seen."""
        lines = self._seen.read_bytes().split(b"\n")[:-1]
        return [json.loads(line) for line in lines]

    def _approve(self) -> None:
        while not self._is_over:
            with suppress(EdgeLprError):
                if self.host.approve() is not None:
                    return
            # Asking takes a processor second, which the booth could use.
            time.sleep(10)

    def _mark_events(self) -> None:
        """Mark what the consumer sees, as soon as it does."""
        while not self._is_over:
            events = self.events()
            for event in events[self._marked :]:
                names = ("event", "boot", "seq")
                self.card.mark(consumer={name: event.get(name) for name in names})
            self._marked = len(events)
            time.sleep(0.2)
