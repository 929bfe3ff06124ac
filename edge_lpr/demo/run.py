"""The demo from its first to its last step; what each step does is in the files it calls."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.stream_address import without_secrets
from edge_lpr.demo.arguments import DEFAULT_PASSES, DemoOptions, Source
from edge_lpr.demo.brokers import EmbeddedBroker, choose_broker, start_broker
from edge_lpr.demo.children import Child, booth_command
from edge_lpr.demo.consumer import Consumer
from edge_lpr.demo.folders import DemoFolders, demo_folders
from edge_lpr.demo.funnel import Funnel, build_funnel
from edge_lpr.demo.keys import make_keys
from edge_lpr.demo.rendering import Rendering
from edge_lpr.demo.screen import Screen
from edge_lpr.demo.settings_file import write_settings
from edge_lpr.subscriber import Refusal
from edge_lpr.wire.topics import TopicKind, topic

_BROKER_PATIENCE_S: Final = 20.0
"""The broker in pure Python takes two seconds to start on a Raspberry Pi."""

_VISION_PATIENCE_S: Final = 30.0
"""A full queue of 32 readings drains at two a second."""

_PATIENCE_S: Final = 10.0
"""For the other processes: each promises to stop within 5 s."""

_ARRIVAL_PATIENCE_S: Final = 5.0
"""Between the publisher's last acknowledgement and the arrival here lies only the broker."""

_TICK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Booth:
    """The processes of one demo."""

    broker: Child
    tokeniser: Child
    publisher: Child
    vision: Child

    def check(self) -> None:
        """Raise if one of them has failed."""
        for child in (self.broker, self.publisher, self.tokeniser, self.vision):
            child.check()


class Demo:
    """One run of the demo."""

    def __init__(
        self, options: DemoOptions, screen: Screen, clock: Clock, stop: threading.Event
    ) -> None:
        """Prepare a run.

        Args:
            options: What the command line says.
            screen: Where to show what happens.
            clock: For keys and durations.
            stop: Set by whoever wants an orderly end.
        """
        self._options = options
        self._screen = screen
        self._clock = clock
        self._stop = stop
        self._received = 0
        self._refused = 0

    def run(self) -> bool:
        """Run the demo.

        1. Make folders, throw-away keys and settings.
        2. Start the broker and the tokeniser; meanwhile render the lane, if no source was given.
        3. Subscribe with the authority pinned, then start the publisher: nothing can be missed.
        4. Start the vision process: frames begin to flow.
        5. Show what arrives until the source ends, enough was seen, or somebody stops it.
        6. Stop in the order of the journey, so that whatever was read is still delivered.
        7. Add up.

        Returns:
            Whether every plate that was agreed on was published, received and verified.

        Raises:
            EdgeLprError: Something could not start, or failed; the message says what to do.
            OSError: A file cannot be written.
        """
        with demo_folders(self._options.keep) as folders, ExitStack() as stack:
            broker = choose_broker(self._options.broker)  # 1.
            authority_key = make_keys(folders, self._clock)
            write_settings(folders, self._options.source, broker, self._options.engine)
            self._screen.open(_facts(self._options, broker))
            consumer = Consumer(broker, authority_key)
            booth = self._start(folders, broker, consumer, stack)  # 2. to 4.
            with self._screen.waiting("watching the lane; Ctrl-C to stop"):
                self._watch(booth, consumer)  # 5.
            with self._screen.waiting("stopping; what was read is still delivered"):
                self._wind_up(booth, consumer)  # 6.
            return self._add_up(booth)  # 7.

    def _start(
        self, folders: DemoFolders, broker: EmbeddedBroker, consumer: Consumer, stack: ExitStack
    ) -> _Booth:
        """Start everything, the vision process last."""
        log_level = "INFO" if self._options.keep is None else "DEBUG"

        def start(process: str) -> Child:
            command = booth_command(process, folders.settings_file, log_level)
            child = Child(process, command, folders.logs / f"{process}.log")
            stack.callback(child.stop, _PATIENCE_S)
            return child

        broker_process = start_broker(broker, folders)
        stack.callback(broker_process.stop, _PATIENCE_S)
        tokeniser = start("tokeniser")
        rendering = self._start_rendering(folders)
        stack.callback(consumer.close)
        with self._screen.waiting(f"starting {broker.name}"):
            consumer.connect(_BROKER_PATIENCE_S, broker_process.check)
        publisher = start("publisher")
        if rendering is not None:
            with self._screen.waiting("rendering the lane"):
                rendering.wait()
        return _Booth(broker_process, tokeniser, publisher, start("vision"))

    def _start_rendering(self, folders: DemoFolders) -> Rendering | None:
        """Begin to render a lane, unless there is a source."""
        if self._options.source is not None:
            return None
        return Rendering(folders.lane_file, self._options.passes or DEFAULT_PASSES)

    def _watch(self, booth: _Booth, consumer: Consumer) -> None:
        """Show what arrives until it is enough."""
        start_ns = self._clock.monotonic_ns()
        while booth.vision.exit_status() is None and not self._is_enough(start_ns):
            booth.check()
            self._show_next(consumer)
        booth.check()

    def _is_enough(self, start_ns: int) -> bool:
        """Say whether to stop before the source has ended."""
        seconds, passes = self._options.seconds, self._options.passes
        return (
            self._stop.is_set()
            or (seconds is not None and self._clock.monotonic_ns() - start_ns >= seconds * 1e9)
            or (
                self._options.source is not None and passes is not None and self._received >= passes
            )
        )

    def _wind_up(self, booth: _Booth, consumer: Consumer) -> None:
        """Stop the processes from the camera's end on, and take what still arrives."""
        for child, patience_s in (
            (booth.vision, _VISION_PATIENCE_S),
            (booth.tokeniser, _PATIENCE_S),
            (booth.publisher, _PATIENCE_S),
        ):
            child.stop(patience_s)
            child.check()
        published = booth.publisher.counters().get("published", 0)
        deadline_ns = self._clock.monotonic_ns() + int(_ARRIVAL_PATIENCE_S * 1e9)
        while self._received < published and self._clock.monotonic_ns() < deadline_ns:
            self._show_next(consumer)
        while self._show_next(consumer):
            pass

    def _show_next(self, consumer: Consumer) -> bool:
        """Show one arrival, waiting a moment for it; return whether there was one."""
        arrival = consumer.next_arrival(_TICK_S)
        if arrival is None:
            return False
        if isinstance(arrival, Refusal):
            self._refused += 1
            self._screen.refusal(_topic_of(arrival), arrival.detail)
        else:
            self._received += 1
            self._screen.sighting(topic(arrival.address, TopicKind.SIGHTING), arrival)
        return True

    def _add_up(self, booth: _Booth) -> bool:
        """Show the funnel and the verdict."""
        funnel = build_funnel(
            booth.vision.counters(),
            booth.tokeniser.counters(),
            booth.publisher.counters(),
            self._received,
        )
        self._screen.close(funnel, self._remark(funnel))
        return funnel.is_complete and self._refused == 0

    def _remark(self, funnel: Funnel) -> str:
        """Say in a sentence how it ended."""
        if self._refused:
            return f"{funnel.sentence()}; {self._refused} did not verify."
        if funnel.is_complete and funnel.stages["published"]:
            return f"{funnel.sentence()}, all verified."
        return f"{funnel.sentence()}."


def _topic_of(refusal: Refusal) -> str:
    """Return the topic of something that did not verify, as far as it was one."""
    if refusal.address is None or refusal.kind is None:
        return "unknown topic"
    return topic(refusal.address, refusal.kind)


def _facts(options: DemoOptions, broker: EmbeddedBroker) -> dict[str, str]:
    """Say what is about to run."""
    if options.source is None:
        cars = options.passes or DEFAULT_PASSES
        source = f"rendered lane, {cars} {'car' if cars == 1 else 'cars'}"
    else:
        source = f"{options.source.kind} {_shown_address(options.source)}"
    facts = {
        "source": source,
        "broker": f"{broker.name}, MQTT {broker.mqtt_version}, {broker.host}:{broker.port}",
        "keys": "throw-away; every sighting is marked as a test",
    }
    if options.engine == "torch":
        facts["engine"] = "torch: the stock ultralytics and EasyOCR"
    if options.keep is not None:
        facts["keys"] = "test keys, kept; every sighting is marked as a test"
        facts["kept in"] = f"{options.keep}: settings, keys, logs, outbox"
        facts["watch"] = (
            f"edge-lpr subscribe mqtt://{broker.host}:{broker.port} "
            f"--authority {options.keep}/keys/authority.pub"
            + ("" if broker.mqtt_version == "5" else f" --mqtt-version {broker.mqtt_version}")
        )
    return facts


def _shown_address(source: Source) -> str:
    """Return a source's address as the screen may show it."""
    return without_secrets(source.address) if source.kind == "rtsp" else source.address
