"""A new system is kept if what worked works again; whatever else happens, the old one is back."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from edge_lpr.core.errors import UpdateError
from edge_lpr.update.gate import STEADY_S, GateEyes, HealthGate
from edge_lpr.update.installing import SystemUpdate
from edge_lpr.update.records import EVERY_DEMAND, Attempt, Demand
from edge_lpr.update.settling import settle
from edge_lpr.update.versions import SystemVersion
from edge_lpr.update.working import Condition, condition, tokens_come_out_right, works_lately
from tests.support.clock import SetClock
from tests.support.updated_booth import COMPATIBLE, UpdatedBooth

ALL = frozenset(EVERY_DEMAND)
LIMIT_S = 300.0
Look = Callable[[float], Condition]


def started(*, vision: str = "v", tokeniser: str = "t", publisher: str = "p") -> dict[Demand, str]:
    return {"frames": vision, "keys": tokeniser, "broker": publisher}


def works(*demands: Demand) -> Look:
    return lambda _: Condition(frozenset(demands), started())


def manifest(folder: Path, version: str, compatible: str = COMPATIBLE) -> Path:
    text = f"[update]\ncompatible={compatible}\nversion={version}\n\n[image.rootfs]\nsize=1\n"
    (folder / "manifest.raucm").write_text(text)
    return folder


@pytest.fixture
def booth(tmp_path: Path) -> UpdatedBooth:
    return UpdatedBooth(tmp_path)


def update(
    booth: UpdatedBooth, folder: Path, version: str = "0.1.0+2", before: Iterable[Demand] = ALL
) -> None:
    """Install a version and restart, as RAUC and ``edge-lpr update install`` do."""
    attempt = SystemUpdate(booth.booth).check_mounted(
        manifest(folder, version), "B", frozenset(before)
    )
    booth.install(version)
    booth.records.write_attempt(attempt.model_copy(update={"stage": "installed"}))
    booth.start()


def gate(booth: UpdatedBooth, look: Look, *, tokens_work: bool = True) -> Attempt:
    clock = SetClock()
    return HealthGate(
        booth.booth,
        GateEyes(
            clock=clock,
            look=lambda: look(clock.now_monotonic_ns / 1e9),
            tokens_work=lambda: tokens_work,
            sleep=clock.advance_s,
            is_alive=lambda: None,
        ),
    ).judge(LIMIT_S)


def attempt_of(booth: UpdatedBooth) -> Attempt:
    attempt = booth.records.attempt()
    assert attempt is not None
    return attempt


def test_a_system_that_works_is_kept(booth: UpdatedBooth, tmp_path: Path) -> None:
    update(booth, tmp_path)
    assert gate(booth, works(*ALL)).stage == "kept"
    assert booth.records.highest() == SystemVersion("0.1.0+2")
    booth.start()
    assert (booth.version, booth.slots.is_trial()) == ("0.1.0+2", False)
    assert settle(booth.booth.image, booth.records) is None
    assert attempt_of(booth).sentence() == "updated from 0.1.0+1 to 0.1.0+2"


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        pytest.param(works("keys", "broker"), "no camera", id="no camera"),
        pytest.param(works("frames", "keys"), "no broker", id="no broker"),
        pytest.param(works("frames"), "no keys and no broker", id="two things"),
        pytest.param(
            lambda now_s: Condition(ALL, started(vision=str(now_s // 20))),
            "its processes do not last",
            id="crash loop",
        ),
        pytest.param(
            lambda now_s: Condition(ALL if now_s % 25 < 20 else frozenset(), started()),
            "no camera and no keys and no broker",
            id="comes and goes",
        ),
    ],
)
def test_a_system_that_lacks_what_worked_is_left(
    look: Look, reason: str, booth: UpdatedBooth, tmp_path: Path
) -> None:
    update(booth, tmp_path)
    with pytest.raises(UpdateError) as caught:
        gate(booth, look)
    assert booth.slots.is_trial()
    booth.start()
    assert booth.version == "0.1.0+1"
    assert settle(booth.booth.image, booth.records) is None
    sentence = attempt_of(booth).sentence()
    assert sentence == str(caught.value)
    assert sentence.startswith("update to 0.1.0+2 failed: ")
    assert sentence.endswith("; back on 0.1.0+1")
    assert reason in sentence or reason.startswith("no camera and no keys")


def test_wrong_tokens_are_never_kept(booth: UpdatedBooth, tmp_path: Path) -> None:
    update(booth, tmp_path, before=())
    with pytest.raises(UpdateError, match="tokens come out wrong"):
        gate(booth, works(*ALL), tokens_work=False)


def test_a_broken_camera_does_not_keep_updates_out(booth: UpdatedBooth, tmp_path: Path) -> None:
    update(booth, tmp_path, before=("keys", "broker"))
    # Without a camera vision is started again every few seconds.
    kept = gate(booth, lambda now_s: Condition(ALL - {"frames"}, started(vision=str(now_s // 9))))
    assert kept.stage == "kept"


def test_what_comes_late_is_waited_for(booth: UpdatedBooth, tmp_path: Path) -> None:
    update(booth, tmp_path)
    late_s = LIMIT_S - STEADY_S - 10
    assert gate(booth, lambda now_s: works(*(ALL if now_s > late_s else ()))(now_s)).stage == "kept"


def test_a_trial_that_nobody_has_noted_must_show_everything(booth: UpdatedBooth) -> None:
    booth.install("0.1.0+2")
    booth.start()
    with pytest.raises(UpdateError, match="no broker"):
        gate(booth, works("frames", "keys"))


@pytest.mark.parametrize(
    ("stage", "says"),
    [("installing", "not written to its end"), ("installed", "did not start"), ("judged", "stood")],
)
def test_the_old_system_says_how_far_the_new_one_came(
    stage: str, says: str, booth: UpdatedBooth, tmp_path: Path
) -> None:
    update(booth, tmp_path)
    booth.records.write_attempt(attempt_of(booth).model_copy(update={"stage": stage}))
    booth.start()
    left = settle(booth.booth.image, booth.records)
    assert left is not None
    assert says in left.sentence()
    assert left.failures == 1
    # Once: the next start has nothing to tell.
    assert settle(booth.booth.image, booth.records) is None


def test_a_power_cut_behind_the_mark_is_made_good_at_the_next_start(
    booth: UpdatedBooth, tmp_path: Path
) -> None:
    update(booth, tmp_path)
    booth.slots.mark_good("B")
    booth.start()
    kept = settle(booth.booth.image, booth.records)
    assert kept is not None
    assert kept.stage == "kept"
    assert booth.records.highest() == SystemVersion("0.1.0+2")


def test_what_failed_may_be_tried_again_and_is_counted(booth: UpdatedBooth, tmp_path: Path) -> None:
    for failures in (1, 2, 3):
        assert not any(
            attempt.has_failed_too_often("0.1.0+2")
            for attempt in [booth.records.attempt()]
            if attempt
        )
        update(booth, tmp_path)
        with pytest.raises(UpdateError):
            gate(booth, works())
        booth.start()
        assert attempt_of(booth).failures == failures
    assert attempt_of(booth).has_failed_too_often("0.1.0+2")
    assert not attempt_of(booth).has_failed_too_often("0.1.0+3")


def test_nothing_is_installed_over_the_way_back_of_a_trial(
    booth: UpdatedBooth, tmp_path: Path
) -> None:
    update(booth, tmp_path)
    with pytest.raises(UpdateError, match="is itself being judged"):
        SystemUpdate(booth.booth).check_mounted(manifest(tmp_path, "0.1.0+3"), "A", ALL)
    assert attempt_of(booth).version == "0.1.0+2"


def test_an_older_bundle_is_refused_before_anything_is_noted(
    booth: UpdatedBooth, tmp_path: Path
) -> None:
    with pytest.raises(UpdateError, match="versions only rise"):
        SystemUpdate(booth.booth).check_mounted(manifest(tmp_path, "0.1.0+1"), "B", ALL)
    with pytest.raises(UpdateError, match="names no version"):
        SystemUpdate(booth.booth).check_mounted(tmp_path / "nothing", "B", ALL)
    assert booth.records.attempt() is None


def test_a_damaged_record_of_the_highest_version_is_not_none(booth: UpdatedBooth) -> None:
    (booth.state / "highest").write_text("garbage\n")
    with pytest.raises(UpdateError, match="is damaged"):
        booth.records.highest()
    (booth.state / "last-update.json").write_text('{"version": 1')
    assert booth.records.attempt() is None


def test_the_words_of_the_processes_are_understood() -> None:
    units: Mapping[str, Mapping[str, str]] = {
        "edge-lpr-vision.service": {"StatusText": "models loaded; camera delivers frames"},
        "edge-lpr-tokeniser.service": {"StatusText": "no keys for today", "InvocationID": "7"},
        "edge-lpr-publisher.service": {"StatusText": "broker reached; 3 sightings wait"},
    }
    now = condition(lambda unit: units[unit])
    assert now.works == {"frames", "broker"}
    assert now.starts == {"frames": "", "keys": "7", "broker": ""}


def test_what_is_just_coming_back_counts_as_working() -> None:
    clock = SetClock()
    late_s = 15

    def look() -> Condition:
        is_back = clock.now_monotonic_ns >= late_s * 10**9
        return Condition(ALL if is_back else frozenset({"frames"}), started())

    assert works_lately(look, clock.advance_s) == ALL
    assert works_lately(lambda: works("frames")(0), clock.advance_s) == {"frames"}


def test_this_machine_makes_the_tokens_of_the_published_vectors() -> None:
    assert tokens_come_out_right()
