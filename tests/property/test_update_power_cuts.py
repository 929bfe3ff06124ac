"""Whatever happens, a booth starts a whole system, and never an older one than was good."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.update.grub_slots import SPARE_BLOCK
from edge_lpr.update.settling import settle
from tests.support.updated_booth import UpdatedBooth, power_cut

MEMORY = next((each for each in Path("/dev").glob("shm")), None)
"""Not a disk: every step waits for one."""

CUTS = st.one_of(st.none(), st.tuples(st.integers(0, 7), st.booleans()))


@given(
    steps=st.lists(st.tuples(st.booleans(), CUTS, st.integers(0, 3)), min_size=1, max_size=6),
)
@settings(deadline=None, max_examples=60)
def test_power_cuts_leave_the_old_system_or_the_new_one(
    steps: list[tuple[bool, tuple[int, bool] | None, int]],
) -> None:
    """Each step: is the new system any good, where the power goes, and how many starts follow."""
    with TemporaryDirectory(dir=MEMORY) as folder, pytest.MonkeyPatch.context() as monkeypatch:
        booth = UpdatedBooth(Path(folder))
        good = 1
        for number, (is_sound, cut, starts) in enumerate(steps, start=2):
            running = good
            write, is_torn = cut or (99, False)
            with power_cut(monkeypatch, booth, write, is_torn=is_torn):
                booth.install(f"0.1.0+{number}")
                booth.start()
                assert booth.version == f"0.1.0+{number}"
                if is_sound:
                    booth.slots.mark_good(booth.slots.current())
            for _ in range(starts + 1):
                booth.start()
                version = int(booth.version.partition("+")[2])
                # The trial may still be to come, if the power went before it.
                assert version in {running, number}
            if booth.slots.is_trial():
                booth.start()
            assert not booth.slots.is_trial()
            good = int(booth.version.partition("+")[2])
            assert good == running or is_sound
            settle(booth.booth.image, booth.records)


@given(starts=st.integers(1, 40))
@settings(deadline=None, max_examples=10)
def test_no_number_of_power_cuts_leads_to_the_other_slot(starts: int) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        booth = UpdatedBooth(Path(folder))
        booth.install("0.1.0+2")
        booth.start()
        booth.slots.mark_good("B")
        for _ in range(starts):
            booth.start()
            assert booth.version == "0.1.0+2"


def test_without_its_copy_a_torn_block_would_start_a_system_that_nobody_has_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The law above can fail: here is what the order of the two copies is for."""
    for is_copied, starts in ((True, "0.1.0+2"), (False, "0.1.0+3")):
        folder = tmp_path / str(is_copied)
        folder.mkdir()
        booth = UpdatedBooth(folder)
        booth.install("0.1.0+2")
        booth.start()
        first = (booth.grub / SPARE_BLOCK).read_bytes()
        booth.slots.mark_good("B")
        # Two writes of mark_bad, one of the slot, and the block of try_once is torn.
        with power_cut(monkeypatch, booth, 3, is_torn=True):
            booth.install("0.1.0+3")
        if not is_copied:
            (booth.grub / SPARE_BLOCK).write_bytes(first)
        booth.start()
        assert booth.version == starts
