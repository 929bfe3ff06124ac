"""The collector writes what may be told, whole, once a look."""

import json
from pathlib import Path

import pytest

from edge_lpr.core.check_words import PROCESSES
from edge_lpr.core.errors import HandoffError
from edge_lpr.core.log import Log
from edge_lpr.diagnostics.diagnosis import Diagnosis
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.metrics.__main__ import main
from edge_lpr.metrics.collector import LOOKS_A_JUDGEMENT, Collector, model_digests
from edge_lpr.models import __file__ as models_file
from tests.support.clock import SetClock
from tests.support.metrics import DIGESTS, finding, scraped, series


class Booth:
    """Says what a test wants to be found."""

    def __init__(self, folder: Path) -> None:
        self.clock = SetClock()
        self.agreed = 0
        self.judged: list[bool] = []
        self.file = folder / "metrics.prom"
        self.collector = Collector(self.look, self.clock, self.file, DIGESTS)

    def look(self, is_judging: bool) -> Diagnosis:  # noqa: FBT001 (as the collector calls it)
        self.judged.append(is_judging)
        found = [
            finding("funnel", agreed=self.agreed),
            finding("camera_present"),
            finding("keys", hours_left=40),
            finding("funnel_sent", published=self.agreed),
        ]
        if is_judging:
            found += [finding(f"{process}_exposure", exposure_tenths=4) for process in PROCESSES]
        return Diagnosis("north-crossing/booth-1", 0, tuple(found))

    def looks(self, number: int, every_s: int = 60) -> None:
        for _ in range(number):
            self.collector.collect()
            self.clock.advance_s(every_s)

    def said(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        return scraped(self.file.read_text())


def test_counters_of_vehicles_stand_still_for_an_hour_and_then_all_change_at_once(
    tmp_path: Path,
) -> None:
    booth = Booth(tmp_path)
    agreed = series("edge_lpr_passages_total", result="agreed")
    published = series("edge_lpr_outbox_sightings_total", result="published")
    # Every ten minutes, from a full hour on.
    booth.looks(6, 600)
    assert agreed not in booth.said()
    booth.looks(1, 600)
    seen = []
    for booth.agreed in range(1, 19):
        booth.looks(1, 600)
        said = booth.said()
        seen.append(said[agreed])
        assert said[published] == said[agreed]
        assert said[series("edge_lpr_counted_timestamp_seconds", group="vision")] % 3600 == 0
    changed = [number for number in range(1, 18) if seen[number] != seen[number - 1]]
    assert changed == [5, 11, 17]
    assert [seen[each] for each in (0, 5, 11, 17)] == [0, 6, 12, 18]


def test_units_are_judged_once_an_hour_and_told_all_the_time(tmp_path: Path) -> None:
    booth = Booth(tmp_path)
    exposure = series("edge_lpr_process_exposure", process="vision")
    for _ in range(LOOKS_A_JUDGEMENT + 1):
        booth.looks(1)
        assert booth.said()[exposure] == 0.4
    assert [number for number, judged in enumerate(booth.judged) if judged] == [
        0,
        LOOKS_A_JUDGEMENT,
    ]


def test_text_is_for_its_reader_alone_and_names_no_booth(tmp_path: Path) -> None:
    booth = Booth(tmp_path)
    booth.looks(1)
    assert booth.file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.prom"]
    assert "north-crossing" not in booth.file.read_text()


def test_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    booth = Booth(tmp_path / "nowhere")
    with pytest.raises(HandoffError, match=r"edge-lpr-metrics-collect\.service makes its folder"):
        booth.looks(1)


def test_digests_are_those_of_the_manifest_and_nothing_but_digests(tmp_path: Path) -> None:
    log = Log("metrics")
    shipped = model_digests(None, log)
    files = json.loads((Path(models_file).parent / "manifest.json").read_text())["files"]
    assert list(shipped) == ["detector", "corners", "reader"]
    assert set(shipped.values()) <= {entry["sha256"] for entry in files.values()}
    (tmp_path / "manifest.json").write_text(
        json.dumps({"files": {"a": {"role": "reader", "sha256": "ABC1D23"}}})
    )
    assert model_digests(tmp_path, log) == {}
    (tmp_path / "manifest.json").unlink()
    assert model_digests(tmp_path, log) == {}


def test_what_stands_there_can_be_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    booth = Booth(tmp_path)
    booth.looks(1)
    assert main(["--file", str(booth.file)]) == 0
    assert capsys.readouterr().out == booth.file.read_text()
    assert main(["--file", str(tmp_path / "none")]) == 1
    assert "metrics = true" in capsys.readouterr().err


def test_finding_that_is_on_no_list_is_not_written(tmp_path: Path) -> None:
    booth = Booth(tmp_path)
    strange = (Finding("", "ABC1D23", "bad", "ABC1D23", "", {"ABC1D23": 1}),)
    Collector(lambda _: Diagnosis("ABC1D23", 0, strange), booth.clock, booth.file).collect()
    assert "ABC1D23" not in booth.file.read_text()
