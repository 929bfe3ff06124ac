"""What an installer may set in ``booth.toml``, with units, ranges and defaults.

Strict: an unknown key, a value out of range or a missing file stops the start with the file,
the key and what is allowed. Secrets are never in the settings, only the paths of their files.
``firmware_config/booth.toml`` is the commented template; a test re-reads it.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import tomli
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.http_proxy import proxy_place
from edge_lpr.core.settings_faults import sentences_about

DEFAULT_SETTINGS_FILE: Final = Path("/etc/edge-lpr/booth.toml")
"""Where a booth keeps its settings."""

MAXIMUM_SETTINGS_BYTES: Final = 65_536
"""The commented template has a tenth of this; anything larger is not a settings file."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""Tenant, site or device: it stands in MQTT topics and in every token's input."""

Direction = Literal["in", "out", "unknown"]


class _Section(BaseModel):
    """A section: frozen, and nothing in it that is not named here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BoothSection(_Section):
    """Who this booth is."""

    tenant: Name
    """The agency."""
    site: Name
    """The crossing; tokens of two sites cannot be linked."""
    device: Name
    """This booth."""


Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
"""Share of the picture's width, from the left, or of its height, from above."""

PicturePoint: TypeAlias = tuple[Share, Share]
"""Place in the picture: shares of its width and of its height."""


class LaneSection(_Section):
    """One lane that the camera sees."""

    number: int = Field(ge=1, le=16)
    """Lane number as painted on the ground."""
    direction: Direction = "unknown"
    """Direction of travel that is allowed in the lane; what is reported where none is seen."""
    region: Annotated[tuple[PicturePoint, ...], Field(min_length=3, max_length=32)] | None = None
    """Corners of the lane in the picture, in order; the whole picture if left out. Plates outside
    every region are counted and dropped, and only what holds all regions is looked at."""
    arrow: tuple[PicturePoint, PicturePoint] | None = None
    """From where a vehicle that drives in appears to where it leaves the picture. Vehicles that
    move along it are reported as ``in``, those against it as ``out``."""

    @model_validator(mode="after")
    def _refuse_what_has_no_extent(self) -> "LaneSection":
        """Refuse a region without an area and an arrow without a length."""
        if self.region is not None and _area(self.region) < _LEAST_REGION:
            msg = "region must cover at least a thousandth of the picture, without crossing itself"
            raise ValueError(msg)
        if self.arrow is not None and self.arrow[0] == self.arrow[1]:
            msg = "arrow must end elsewhere than it begins"
            raise ValueError(msg)
        return self


_LEAST_REGION: Final = 0.001


def _area(corners: tuple[PicturePoint, ...]) -> float:
    """Return the area of a polygon, as a share of the picture (shoelace formula)."""
    following = (*corners[1:], corners[0])
    return abs(
        sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(corners, following, strict=True)) / 2
    )


class SourceSection(_Section):
    """Where frames come from."""

    kind: Literal["camera", "rtsp", "csi-rpi", "csi-jetson", "video", "folder"]
    """``camera`` (USB), ``rtsp``, ``csi-rpi`` and ``csi-jetson`` are live: the newest frame wins.
    ``video`` and ``folder`` are replayed: every frame, in order, and only under a test key."""
    address: str = Field(min_length=1, max_length=1024)
    """Number of the camera, RTSP address, video file, or folder of frames (sorted by name)."""
    credentials_file: Path | None = None
    """File with ``user:password`` of an RTSP camera on one line; readable by its owner alone."""
    frame_rate_hz: float = Field(default=10.0, gt=0, le=240)
    """Frames a second of a folder, which does not say so itself."""

    @property
    def is_live(self) -> bool:
        """Whether frames that are not taken in time are gone."""
        return self.kind not in ("video", "folder")

    @model_validator(mode="after")
    def _refuse_secrets_in_the_address(self) -> "SourceSection":
        """Keep passwords out of the settings, which every process may read."""
        if self.kind == "rtsp" and "@" in self.address:
            msg = "an RTSP address must not hold a password; put user:password in credentials_file"
            raise ValueError(msg)
        return self


LookPx: TypeAlias = Annotated[int, Field(ge=320, le=1920, multiple_of=32)]
"""Longest side of the picture that the detector sees."""


class VisionSection(_Section):
    """The vision process."""

    source: SourceSection
    """The lane camera, or replayed frames."""
    readings_socket: Path = Path("/run/edge-lpr/tokeniser/readings.sock")
    """Where the tokeniser takes readings."""
    diagnosis_socket: Path | None = None
    """Where this process answers questions about itself, where no systemd hands it a socket."""
    engine: Literal["onnx", "torch"] = "onnx"
    """Libraries that run the models: ``onnx`` on a device; ``torch``, the stock ultralytics and
    EasyOCR, on a workstation."""
    torch_device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the ``torch`` engine runs; ``auto`` is CUDA where there is one."""
    onnx_provider: Literal["cpu", "cuda", "tensorrt"] = "cpu"
    """Where the ``onnx`` engine runs; the last two need NVIDIA's build of ONNX Runtime. Untested on
    hardware."""
    models_folder: Path | None = None
    """Folder with the models and their manifest; those of the package if left out."""
    threads: int | None = Field(default=None, ge=1, le=64)
    """Threads of the inference library; if left out, one for each core that the process may use, at
    most four: the other two processes need little, and models as small as these gain no more."""
    long_side_px: LookPx = 640
    """Longest side of the picture that the detector sees."""
    second_looks_px: Annotated[tuple[LookPx, ...], Field(max_length=4)] = ()
    """Longest sides of further pictures, in order, as long as no plate was sure. None: measured on
    196 photographs, a second look finds one plate more, and costs a third of the time."""
    minimum_detection_confidence: float = Field(default=0.15, ge=0.05, le=1)
    """Detections below are counted and dropped; what is no plate is found out afterwards."""
    minimum_plate_confidence: float = Field(default=0.6, ge=0, le=1)
    """Detections that, looked at closely, are less probably a plate are counted and dropped."""
    minimum_reading_confidence: float = Field(default=0.85, ge=0, le=1)
    """Readings whose characters' mean confidence is below are counted and dropped."""
    minimum_plate_width_px: int = Field(default=40, ge=10, le=1000)
    """Narrower plates are counted and not read."""
    motion_gate: bool = True
    """Whether frames in which nothing has moved are not looked at, once a second apart."""
    read_again_s: float = Field(default=0.5, ge=0, le=10)
    """A plate that is decided is read again after this long, to notice that another vehicle has
    taken its place; 0 reads it in every frame."""
    agreeing_readings: int = Field(default=2, ge=2, le=20)
    """Equal readings of a passage that are needed before it is published."""
    well_read: float = Field(default=3.0, ge=0.1, le=50)
    """What agreeing readings must weigh together for a passage to be published before its vehicle
    leaves. A sharp reading of a plate 80 px wide weighs 1, one of half the width a thirtieth."""
    faintly_read: float = Field(default=0.01, ge=0, le=50)
    """What they must weigh for it to be published at all."""
    minimum_agreement: float = Field(default=0.7, ge=0, le=1)
    """Share of the weight of all readings that the agreeing ones must have."""
    minimum_certainty: float = Field(default=0.9, ge=0, le=1)
    """Probability that the least certain character must have against its strongest rival, by all
    readings together."""
    minimum_way_widths: float = Field(default=0.5, ge=0, le=10)
    """Plate widths that a plate must move before it is published, in a lane with an arrow; what
    never moves is a sign."""
    decide_after_s: float = Field(default=8.0, ge=0.1, le=600)
    """A vehicle that stays and is not well read is decided this long after its first reading."""
    passage_gap_s: float = Field(default=1.0, ge=0.1, le=30)
    """A passage has ended when its plate was not seen for this long."""
    repeat_window_s: float = Field(default=30.0, ge=0, le=3600)
    """The same plate within this time is still the same passage."""

    @property
    def inference_threads(self) -> int:
        """How many threads the inference library gets here."""
        return self.threads or min(_MOST_THREADS, len(os.sched_getaffinity(0)))


_MOST_THREADS: Final = 4


class TokeniserSection(_Section):
    """The tokeniser process."""

    readings_socket: Path = Path("/run/edge-lpr/tokeniser/readings.sock")
    """Where this process takes readings from the vision process."""
    sightings_socket: Path = Path("/run/edge-lpr/publisher/sightings.sock")
    """Where the publisher takes sightings."""
    diagnosis_socket: Path | None = None
    """Where this process answers questions about itself, where no systemd hands it a socket."""
    vision_user: str | None = None
    """User that the vision process runs as; this process's own user if left out."""
    key_ring_file: Path = Path("/var/lib/edge-lpr/tokeniser/key-ring")
    """Token keys of the current and the coming epochs."""
    event_key_file: Path = Path("/var/lib/edge-lpr/tokeniser/event-key")
    """Ed25519 key that signs sightings."""
    device_certificate_file: Path = Path("/var/lib/edge-lpr/tokeniser/device-certificate")
    """The authority's signed statement of who this device is."""
    authority_file: Path | None = None
    """The authority's public key, from the deployment bundle. Without it no keys and no watch-list
    are taken from the broker, and the device certificate's signature is not checked."""
    sealing_key_file: Path | None = None
    """Key of 32 bytes that key ring and event key are sealed under: a credential that systemd has
    unsealed with the board's TPM. Without it the two files are plain, for the laboratory."""
    incoming_folder: Path = Path("/var/lib/edge-lpr/tokeniser/incoming")
    """Where deliveries of keys are taken from as files, ``*.lprkeys``; it need not exist."""
    audit_head_file: Path = Path("/run/edge-lpr/audit/head")
    """Where the audit says size and root of its log, to be signed; it need not exist."""
    epochs_held: int = Field(default=4, ge=1, le=8)
    """Most key epochs that are kept, today's included: what a thief of the booth gets."""
    mode: Literal["stream", "hit-only"] = "stream"
    """``stream`` publishes every passage, ``hit-only`` those alone that are on the watch-list."""
    time_resolution_s: Literal[1, 10, 60] = 1
    """What the time of a passage is rounded down to, in seconds; coarser times hide habits."""
    queue_sightings: int = Field(default=100, ge=1, le=100_000)
    """Passages kept in memory while the publisher is away; then readings wait in vision. What is
    kept here is lost with the process."""


class PublisherSection(_Section):
    """The publisher process."""

    sightings_socket: Path = Path("/run/edge-lpr/publisher/sightings.sock")
    """Where this process takes sightings from the tokeniser."""
    diagnosis_socket: Path | None = None
    """Where this process answers questions about itself, where no systemd hands it a socket."""
    tokeniser_user: str | None = None
    """User that the tokeniser runs as; this process's own user if left out."""
    outbox_file: Path = Path("/var/lib/edge-lpr/publisher/outbox.sqlite3")
    """Sightings that the broker has not taken yet, and the last ones that it has."""
    broker_host: str = Field(default="127.0.0.1", min_length=1, max_length=253)
    """Host name or address of the broker."""
    broker_port: int = Field(default=1883, ge=1, le=65_535)
    """TCP port of the broker."""
    proxy: str | None = None
    """HTTP proxy (CONNECT) on the way to the broker, ``http://HOST:PORT``; none if left out."""
    mqtt_version: Literal["5", "3.1.1"] = "5"
    """MQTT version to speak."""
    tls_ca_file: Path | None = None
    """Certificates of the authority that the broker's must be signed by; no other is trusted."""
    tls_certificate_file: Path | None = None
    """This device's certificate for the broker, its common name the device, and what lies between
    it and its authority."""
    tls_key_file: Path | None = None
    """Its private key, readable by this process's user alone."""
    daily_megabytes: int | None = Field(default=None, ge=1, le=1_000_000)
    """Megabytes (of 10^6 bytes) that may be sent to the broker in one UTC day."""
    consumers_file: Path | None = None
    """Who may ask for sightings again; nobody if left out."""
    keep_sent_days: float = Field(default=7.0, ge=0.01, le=366)
    """How long sightings are kept after the broker has taken them, to be asked for again."""
    outbox_mb: int = Field(default=256, ge=8, le=65_536)
    """Megabytes (of 10^6 bytes) that the outbox may take; the oldest sent sightings go first, then
    the oldest unsent ones. All are checked at each start."""
    maximum_unsent: int = Field(default=1_000_000, ge=100, le=1_000_000)
    """Unsent sightings that the outbox holds; the oldest go first, and a signed gap says which."""
    health_interval_s: float = Field(default=60.0, ge=1, le=60)
    """How often a health record is made."""
    drain_s: float = Field(default=5.0, ge=0, le=60)
    """Longest time an orderly stop spends on sending what is unsent."""

    @model_validator(mode="after")
    def _tls_files_come_together(self) -> "PublisherSection":
        """Refuse one or two of three files."""
        files = {
            "tls_ca_file": self.tls_ca_file,
            "tls_certificate_file": self.tls_certificate_file,
            "tls_key_file": self.tls_key_file,
        }
        missing = [name for name, file in files.items() if file is None]
        if missing and len(missing) < len(files):
            msg = f"needs {' and '.join(missing)} too: TLS takes all three files, or none"
            raise ValueError(msg)
        return self

    @field_validator("proxy")
    @classmethod
    def _proxy_is_an_address(cls, proxy: str | None) -> str | None:
        """Refuse what names no proxy."""
        if proxy is not None:
            proxy_place(proxy)
        return proxy

    @model_validator(mode="after")
    def _proxy_needs_tls(self) -> "PublisherSection":
        """Refuse to hand sightings to a proxy that could read and change them."""
        if self.proxy is not None and self.tls_ca_file is None:
            msg = "has a proxy, which needs the three TLS files: without them it could read along"
            raise ValueError(msg)
        return self


class BoothSettings(_Section):
    """The whole of ``booth.toml``."""

    booth: BoothSection
    lanes: tuple[LaneSection, ...] = Field(min_length=1, max_length=16)
    vision: VisionSection
    tokeniser: TokeniserSection = TokeniserSection()
    publisher: PublisherSection = PublisherSection()

    @model_validator(mode="after")
    def _lanes_must_fit(self) -> "BoothSettings":
        """Refuse a lane named twice, and lanes that the picture does not tell apart."""
        numbers = [lane.number for lane in self.lanes]
        if len(set(numbers)) != len(numbers):
            msg = f"lane numbers must differ, but are {numbers}"
            raise ValueError(msg)
        without = [lane.number for lane in self.lanes if lane.region is None]
        if without and len(numbers) > 1:
            msg = (
                f"lanes {without} have no region; with more than one lane each needs "
                "the corners of its part of the picture"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _neighbours_must_meet(self) -> "BoothSettings":
        """Refuse a socket that one process listens on and the other does not look for."""
        for key, one, other in (
            ("readings_socket", self.vision.readings_socket, self.tokeniser.readings_socket),
            ("sightings_socket", self.tokeniser.sightings_socket, self.publisher.sightings_socket),
        ):
            if one != other:
                msg = f"{key} stands in two sections with different paths; make them equal"
                raise ValueError(msg)
        return self


def load_settings(settings_file: Path) -> BoothSettings:
    """Read and check ``booth.toml``.

    Args:
        settings_file: Path of the file, at most ``MAXIMUM_SETTINGS_BYTES`` long.

    Returns:
        The settings, every value within its range.

    Raises:
        SettingsError: The file is missing, is no TOML, or holds an unknown key or a value out
            of range; the message names the file, each key and what is allowed.
    """
    try:
        with settings_file.open("rb") as file:
            untrusted_bytes = file.read(MAXIMUM_SETTINGS_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{settings_file}: cannot be read ({error.strerror}); "
            "copy firmware_config/booth.toml there and fill it in"
        ) from error
    if len(untrusted_bytes) > MAXIMUM_SETTINGS_BYTES:
        raise SettingsError(f"{settings_file}: longer than {MAXIMUM_SETTINGS_BYTES} bytes")
    try:
        untrusted_document = tomli.loads(untrusted_bytes.decode())
        # By way of JSON, because pydantic's strict mode (no "2" for 2, no true for 1) takes a list
        # for a tuple and text for a path only there. A TOML date becomes text, and is refused.
        return BoothSettings.model_validate_json(json.dumps(untrusted_document, default=str))
    except (UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise SettingsError(f"{settings_file}: is no TOML: {error}") from error
    except ValidationError as error:
        raise SettingsError(f"{settings_file}: {sentences_about(error)}") from error
