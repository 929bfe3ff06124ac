"""Whatever an installer answers, nft takes the firewall that is made of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.installation.firewall import firewall_files
from edge_lpr.installation.model import Installation
from edge_lpr.installation.network import NetworkSection
from edge_lpr.installation.reach import find_reach
from tests.reliability.namespace import Namespace
from tests.support.answers import installations
from tests.support.firewall import Firewall, need_nft
from tests.support.installed_booth import TECHNICIAN_CA, InstalledBooth, bundle
from tests.support.networks import need_network

EXAMPLES = 20
"""Each is a program that is started twice."""

FIXED = st.builds(
    lambda address, length: {"kind": "static", "address": f"{address}/{length}"},
    st.sampled_from(["192.0.2.10", "168.2.3.10", "169.254.10.1"]),
    st.integers(8, 28),
) | st.builds(
    lambda address, length: {"kind": "static", "address": f"{address}/{length}"},
    st.sampled_from(["2001:db8::10", "fe81::2", "fe80::2"]),
    st.integers(16, 127),
)
"""A booth's own networks: beside, within and around those that a laptop gives itself."""


@pytest.fixture(scope="module")
def network() -> Iterator[Namespace]:
    need_network()
    need_nft()
    with Namespace() as made:
        yield made


@pytest.fixture(scope="module")
def booth(tmp_path_factory: pytest.TempPathFactory) -> InstalledBooth:
    return InstalledBooth(tmp_path_factory.mktemp("booth") / "root")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


@settings(max_examples=EXAMPLES, deadline=None)
@given(answers=installations(), fixed=st.none() | FIXED, has_addresses=st.booleans())
def test_nft_takes_every_firewall_that_answers_make(
    network: Namespace,
    booth: InstalledBooth,
    folder: Path,
    answers: Installation,
    fixed: dict[str, str] | None,
    *,
    has_addresses: bool,
) -> None:
    if fixed is not None:
        section = NetworkSection.model_validate(fixed)
        answers = answers.model_copy(update={"network": section})
    changes = {} if has_addresses else {"addresses": ()}
    reach = find_reach(answers, bundle(booth.key, technician_ca=TECHNICIAN_CA, **changes))
    firewall = Firewall(network, folder)
    files = firewall_files(answers, reach, booth.places)
    firewall.write(**{Path(file.path).stem: file.text for file in files})
    firewall.load()
