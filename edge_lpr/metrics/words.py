"""Every metric of a booth: which number of which check it is, its unit, and how often it changes.

The list is closed. A metric's name and labels stand here or are a name out of another closed list;
of what a process answers nothing but numbers within their ranges gets through. What is not named
here is not told: ``LEFT_OUT`` says why for every number of ``core/check_words.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge"]

AT_ONCE: Final = frozenset(
    {
        "settings",
        "clock",
        "vision",
        "tokeniser",
        "publisher",
        "models_digests",
        "models_self_test",
        "camera_present",
        "camera_frozen",
        "camera_dark",
        "camera_stamps",
        "token_vector",
        "keys",
        "key_custody",
        "device_certificate",
        "vision_link",
        "broker",
        "tls_certificate",
        "vision_network",
        "vision_written",
        "vision_exposure",
        "tokeniser_exposure",
        "publisher_exposure",
    }
)
"""Checks whose verdict no vehicle can change, or that a health record tells at once as an alarm.
All others are told once an hour, also those that nobody has thought of."""


@dataclass(frozen=True, slots=True)
class Family:
    """One name of a metric."""

    kind: Kind
    meaning: str
    """One sentence for people."""
    label: str = ""
    """Name of its label; none if empty."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one series has its number."""

    family: str
    """Of ``FAMILIES``."""
    value: str = ""
    """Of the family's label."""
    scale: float = 1.0
    """From the number's unit to the metric's."""
    step: int = 1
    """The number is rounded down to a multiple of this, before it is scaled."""
    is_measured: bool = False
    """Whether it means nothing while the check's verdict is not known."""


FAMILIES: Final[Mapping[str, Family]] = {
    # The journey of a frame, once an hour.
    "edge_lpr_frames": Family("counter", "Frames by what became of them.", "result"),
    "edge_lpr_detections": Family("counter", "Plates that the detector found."),
    "edge_lpr_detections_passed_over": Family(
        "counter", "Detections that were not read, or not surely.", "reason"
    ),
    "edge_lpr_readings": Family("counter", "Plates that were read."),
    "edge_lpr_passages": Family("counter", "Plates followed, by how that ended.", "result"),
    "edge_lpr_engine_failures": Family(
        "counter", "Frames on which an inference library failed.", "engine"
    ),
    "edge_lpr_tokeniser_readings": Family(
        "counter", "Readings at the tokeniser, by what became of them.", "result"
    ),
    "edge_lpr_outbox_sightings": Family(
        "counter", "Sightings at the publisher, by what became of them.", "result"
    ),
    "edge_lpr_mqtt_sent_bytes": Family("counter", "MQTT bytes to the broker."),
    # Queue, budget, speed, optics and board, once an hour.
    "edge_lpr_queue_sightings": Family("gauge", "Sightings that wait for the broker."),
    "edge_lpr_queue_oldest_age_seconds": Family(
        "gauge", "How long the oldest of them waits, in whole hours."
    ),
    "edge_lpr_last_puback_age_seconds": Family(
        "gauge", "Since the broker last took a sighting, in whole hours."
    ),
    "edge_lpr_outbox_kept_sightings": Family("gauge", "Sightings that were sent and are kept."),
    "edge_lpr_outbox_filled_ratio": Family("gauge", "Share of the outbox in use, unsent."),
    "edge_lpr_outbox_failing": Family("gauge", "Whether the outbox cannot be used."),
    "edge_lpr_budget_sent_bytes": Family("gauge", "MQTT bytes of today; without a limit, of all."),
    "edge_lpr_budget_allowed_bytes": Family("gauge", "MQTT bytes that a day may have."),
    "edge_lpr_stage_seconds": Family("gauge", "Median time of a stage for one frame.", "stage"),
    "edge_lpr_vision_busy_ratio": Family("gauge", "Share of its time that vision works."),
    "edge_lpr_camera_frames_per_second": Family("gauge", "Frames that the camera gives."),
    "edge_lpr_camera_skipped_ratio": Family("gauge", "Share of frames not taken in time."),
    "edge_lpr_camera_size_pixels": Family("gauge", "Size of a frame.", "side"),
    "edge_lpr_camera_events": Family("counter", "What happened to the camera.", "event"),
    "edge_lpr_plate_width_pixels": Family("gauge", "Width of plates, upper quartile."),
    "edge_lpr_edge_width_pixels": Family("gauge", "Width of edges on plates.", "direction"),
    "edge_lpr_clipped_ratio": Family("gauge", "Share that is white beyond the range.", "of"),
    "edge_lpr_brightness_ratio": Family("gauge", "Mean brightness.", "of"),
    "edge_lpr_blind_ratio": Family("gauge", "Share of the picture without detail."),
    "edge_lpr_plate_angle_degrees": Family("gauge", "How plates are turned.", "axis"),
    "edge_lpr_temperature_celsius": Family("gauge", "The hottest sensor of the board."),
    "edge_lpr_throttled": Family("gauge", "Whether the firmware slows the board down.", "when"),
    "edge_lpr_memory_available_bytes": Family("gauge", "Memory that is left."),
    "edge_lpr_memory_bytes": Family("gauge", "Memory of the board."),
    "edge_lpr_disk_free_bytes": Family("gauge", "Room that is left for the state."),
    "edge_lpr_disk_used_ratio": Family("gauge", "Share of the state's disk in use."),
    "edge_lpr_disk_wear_ratio": Family("gauge", "Share of its life that the card has used."),
    # What no vehicle changes, once a minute.
    "edge_lpr_token_keys_remaining_seconds": Family("gauge", "Time with token keys, no hole."),
    "edge_lpr_token_keys_held": Family("gauge", "Days that there are token keys for."),
    "edge_lpr_token_keys_for_tests": Family("gauge", "Whether they are for tests."),
    "edge_lpr_token_keys_sealed": Family("gauge", "Whether they are sealed to the board."),
    "edge_lpr_certificate_remaining_seconds": Family(
        "gauge", "Time until a certificate ends, in whole days.", "certificate"
    ),
    "edge_lpr_broker_connections": Family("counter", "Sessions that the broker accepted."),
    "edge_lpr_process_restarts": Family(
        "counter", "Starts anew by the service manager, watchdog resets included.", "process"
    ),
    "edge_lpr_process_exposure": Family(
        "gauge", "What systemd-analyze security says, 0 to 10.", "process"
    ),
    "edge_lpr_vision_written_bytes": Family("gauge", "Bytes that vision wrote to disks: 0."),
}
"""By name; a counter's ends in ``_total`` when it is written."""

_DAY_S: Final = 86_400
_HOUR_S: Final = 3600
_KILO: Final = 1000
_MEGA: Final = 1_000_000
_MEBI: Final = 1_048_576
_TENTH_MS: Final = 1e-4


def _each(check: str, family: str, *numbers: str) -> dict[tuple[str, str], Source]:
    """Return sources of a family whose label is the number's own name."""
    return {(check, number): Source(family, number) for number in numbers}


SOURCES: Final[Mapping[tuple[str, str], Source]] = {
    ("funnel", "frames"): Source("edge_lpr_frames", "taken"),
    ("funnel", "still"): Source("edge_lpr_frames", "still"),
    ("funnel_plates", "unreadable_frames"): Source("edge_lpr_frames", "unreadable"),
    ("funnel", "detections"): Source("edge_lpr_detections"),
    **_each(
        "funnel_plates",
        "edge_lpr_detections_passed_over",
        "low_confidence",
        "outside_lanes",
        "small",
        "no_plate",
        "part_of_plate",
        "known",
        "unsure",
    ),
    ("funnel", "readings"): Source("edge_lpr_readings"),
    **_each("funnel", "edge_lpr_passages", "agreed", "handed_over", "undelivered"),
    ("funnel", "tracks"): Source("edge_lpr_passages", "followed"),
    **_each(
        "funnel_passages",
        "edge_lpr_passages",
        "glimpsed",
        "unread",
        "read_too_seldom",
        "read_faintly",
        "disagreed",
        "never_moved",
        "repeated",
    ),
    ("funnel_failures", "detector_failures"): Source("edge_lpr_engine_failures", "detector"),
    ("funnel_failures", "corner_failures"): Source("edge_lpr_engine_failures", "corners"),
    ("funnel_failures", "reader_failures"): Source("edge_lpr_engine_failures", "reader"),
    **_each(
        "funnel_tokens",
        "edge_lpr_tokeniser_readings",
        "received",
        "refused",
        "no_key",
        "tokenised",
        "not_listed",
        "delivered",
        "refused_by_publisher",
        "undelivered",
    ),
    **_each(
        "funnel_sent",
        "edge_lpr_outbox_sightings",
        "accepted",
        "duplicates",
        "published",
        "refused_by_broker",
        "resent",
    ),
    ("outbox", "dropped"): Source("edge_lpr_outbox_sightings", "dropped"),
    ("funnel_sent", "bytes_sent"): Source("edge_lpr_mqtt_sent_bytes"),
    ("queue", "unsent"): Source("edge_lpr_queue_sightings"),
    ("queue", "oldest_unsent_s"): Source("edge_lpr_queue_oldest_age_seconds", step=_HOUR_S),
    ("broker", "puback_age_s"): Source("edge_lpr_last_puback_age_seconds", step=_HOUR_S),
    ("queue", "kept"): Source("edge_lpr_outbox_kept_sightings"),
    ("outbox", "filled_permille"): Source("edge_lpr_outbox_filled_ratio", scale=1e-3),
    ("outbox", "is_failing"): Source("edge_lpr_outbox_failing"),
    ("budget", "sent_kb"): Source("edge_lpr_budget_sent_bytes", scale=_KILO),
    ("budget", "allowed_kb"): Source("edge_lpr_budget_allowed_bytes", scale=_KILO),
    **{
        ("speed", f"{stage}_tenth_ms"): Source(
            "edge_lpr_stage_seconds", stage, scale=_TENTH_MS, is_measured=True
        )
        for stage in ("detect", "refine", "read", "frame")
    },
    ("token_vector", "needed_ms"): Source("edge_lpr_stage_seconds", "tokenise", scale=1e-3),
    ("speed", "busy_permille"): Source("edge_lpr_vision_busy_ratio", scale=1e-3),
    ("camera_rate", "rate_tenth_hz"): Source(
        "edge_lpr_camera_frames_per_second", scale=0.1, is_measured=True
    ),
    ("camera_rate", "skipped_permille"): Source(
        "edge_lpr_camera_skipped_ratio", scale=1e-3, is_measured=True
    ),
    ("camera_size", "width_px"): Source("edge_lpr_camera_size_pixels", "width", is_measured=True),
    ("camera_size", "height_px"): Source("edge_lpr_camera_size_pixels", "height", is_measured=True),
    ("camera_present", "opened"): Source("edge_lpr_camera_events", "opened"),
    ("camera_present", "lost"): Source("edge_lpr_camera_events", "lost"),
    ("camera_frozen", "frozen_frames"): Source("edge_lpr_camera_events", "frozen_frame"),
    ("camera_dark", "black_frames"): Source("edge_lpr_camera_events", "black_frame"),
    ("camera_stamps", "stamp_faults"): Source("edge_lpr_camera_events", "stamp_fault"),
    ("plate_width", "upper_px"): Source("edge_lpr_plate_width_pixels", is_measured=True),
    ("focus", "edge_hundredth_px"): Source(
        "edge_lpr_edge_width_pixels", "sharper", scale=0.01, is_measured=True
    ),
    ("motion_blur", "along_hundredth_px"): Source(
        "edge_lpr_edge_width_pixels", "along", scale=0.01, is_measured=True
    ),
    ("motion_blur", "across_hundredth_px"): Source(
        "edge_lpr_edge_width_pixels", "across", scale=0.01, is_measured=True
    ),
    ("over_exposure", "plate_clipped_permille"): Source(
        "edge_lpr_clipped_ratio", "plates", scale=1e-3, is_measured=True
    ),
    ("over_exposure", "frame_clipped_permille"): Source(
        "edge_lpr_clipped_ratio", "picture", scale=1e-3, is_measured=True
    ),
    ("under_exposure", "plate_level"): Source(
        "edge_lpr_brightness_ratio", "plates", scale=1 / 255, is_measured=True
    ),
    ("under_exposure", "frame_level"): Source(
        "edge_lpr_brightness_ratio", "picture", scale=1 / 255, is_measured=True
    ),
    ("lens_covered", "blind_permille"): Source(
        "edge_lpr_blind_ratio", scale=1e-3, is_measured=True
    ),
    **{
        ("skew", f"{axis}_tenth_degree"): Source(
            "edge_lpr_plate_angle_degrees", axis, scale=0.1, is_measured=True
        )
        for axis in ("roll", "yaw", "pitch")
    },
    ("temperature", "hottest_c"): Source("edge_lpr_temperature_celsius"),
    ("memory", "left_mb"): Source("edge_lpr_memory_available_bytes", scale=_MEBI),
    ("memory", "total_mb"): Source("edge_lpr_memory_bytes", scale=_MEBI),
    ("disk_space", "free_mb"): Source("edge_lpr_disk_free_bytes", scale=_MEGA),
    ("disk_space", "used_permille"): Source("edge_lpr_disk_used_ratio", scale=1e-3),
    ("disk_wear", "used_percent"): Source("edge_lpr_disk_wear_ratio", scale=1e-2),
    ("keys", "hours_left"): Source("edge_lpr_token_keys_remaining_seconds", scale=_HOUR_S),
    ("keys", "epochs_held"): Source("edge_lpr_token_keys_held"),
    ("keys", "is_for_tests"): Source("edge_lpr_token_keys_for_tests"),
    ("key_custody", "is_sealed"): Source("edge_lpr_token_keys_sealed"),
    ("device_certificate", "days_left"): Source(
        "edge_lpr_certificate_remaining_seconds", "device", scale=_DAY_S
    ),
    ("tls_certificate", "days_left"): Source(
        "edge_lpr_certificate_remaining_seconds", "tls", scale=_DAY_S
    ),
    ("broker", "connections"): Source("edge_lpr_broker_connections"),
    **{
        (process, "restarts"): Source("edge_lpr_process_restarts", process)
        for process in ("vision", "tokeniser", "publisher")
    },
    **{
        (f"{process}_exposure", "exposure_tenths"): Source(
            "edge_lpr_process_exposure", process, scale=0.1
        )
        for process in ("vision", "tokeniser", "publisher")
    },
    ("vision_written", "written_bytes"): Source("edge_lpr_vision_written_bytes"),
}
"""By check and number."""

NUMBERS_AT_ONCE: Final = frozenset(
    {
        ("keys", "hours_left"),
        ("keys", "epochs_held"),
        ("keys", "is_for_tests"),
        ("key_custody", "is_sealed"),
        ("device_certificate", "days_left"),
        ("tls_certificate", "days_left"),
        ("broker", "connections"),
        *((process, "restarts") for process in ("vision", "tokeniser", "publisher")),
        *(
            (f"{process}_exposure", "exposure_tenths")
            for process in ("vision", "tokeniser", "publisher")
        ),
        ("vision_written", "written_bytes"),
    }
)
"""Numbers that are told as they are; none of vision's own. All others are told once an hour."""

LEFT_OUT: Final[Mapping[tuple[str, str], str]] = {
    ("camera_present", "away_s"): "the verdict says it",
    ("camera_present", "is_replay"): "a trial's",
    ("plate_width", "median_px"): "the upper quartile is what is judged",
    ("over_exposure", "plate_level"): "under_exposure has it",
    ("under_exposure", "is_night"): "the picture's brightness says it",
    ("lens_covered", "blind_side"): "the verdict is enough for an alert",
    ("skew", "spread_x_permille"): "where plates pass is for the aim page",
    ("skew", "spread_y_permille"): "where plates pass is for the aim page",
    **{
        (check, "samples"): "how many vehicles passed within half an hour"
        for check in (
            "plate_width",
            "focus",
            "motion_blur",
            "over_exposure",
            "under_exposure",
            "skew",
        )
    },
    **{
        ("lane_region", number): "single looks at single vehicles"
        for number in ("looks", "inside", "outside")
    },
    ("models_self_test", "read_right"): "the verdict says it",
    ("models_self_test", "plates"): "the verdict says it",
    ("vision_link", "report_age_s"): "the verdict says it",
    ("broker", "standing"): "told by name, as edge_lpr_broker_state",
    ("broker", "refusal_code"): "whoever wants to know asks edge-lpr diagnose",
    ("queue", "grows_by"): "vehicles of ten minutes",
}
"""Numbers of ``core/check_words.py`` that are not told, and why."""
