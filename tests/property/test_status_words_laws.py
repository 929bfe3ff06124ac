"""Laws of what may be read from a status text: nothing but what stands on the list."""

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.status_words import SENTENCES, read_status

PARTS = st.one_of(st.sampled_from(sorted(SENTENCES.values())), st.text(max_size=80))
TEXTS = st.lists(PARTS, max_size=8).map("; ".join)


@given(TEXTS)
def test_whatever_a_process_says_only_numbers_dates_and_times_are_taken(text: str) -> None:
    for saying, value in read_status(text).items():
        assert saying in SENTENCES
        assert len(value) <= 10
        assert set(value) <= set("0123456789-:")
