import json
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.tokens import suite1
from edge_lpr.tokens.canonical import canonicalise, fold_into
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens

ASSETS = Path(__file__).parents[1] / "assets"
V1 = json.loads((ASSETS / "token-vectors-v1.json").read_text())
EXTREMES = json.loads((ASSETS / "token-vectors-extremes.json").read_text())


def _v1() -> list[Any]:
    """Give every vector its scope; "other" is the next lane's site and the next day."""
    here = {name: V1[name] for name in ("tenant", "site", "epoch")}
    return [
        *(pytest.param(V1, here | vector, id=vector["plate"]) for vector in V1["tokens"]),
        pytest.param(V1, here | {"site": "lane-08"} | V1["other_site"], id="other site"),
        pytest.param(V1, here | {"epoch": V1["epoch"] + 1} | V1["other_epoch"], id="other epoch"),
    ]


def _extremes() -> list[Any]:
    return [pytest.param(EXTREMES, vector, id=vector["what"]) for vector in EXTREMES["tokens"]]


@pytest.mark.parametrize(("document", "vector"), [*_v1(), *_extremes()])
def test_every_step_of_the_suite_gives_the_published_value(
    document: dict[str, Any], vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: dict[str, str] = {}
    stretch = suite1._stretch

    def stretch_and_note(keyed_fold: bytes, salt: bytes) -> bytes:
        stretched = stretch(keyed_fold, salt)
        steps.update(p=keyed_fold.hex(), salt=salt.hex(), S=stretched.hex())
        return stretched

    monkeypatch.setattr(suite1, "_stretch", stretch_and_note)
    canonical = canonicalise(vector["plate"])
    folded = bytearray(len(canonical))
    fold_into(canonical, folded)
    keys = TokenKeys(bytes.fromhex(document["k_stretch"]), bytes.fromhex(document["k_site"]))
    scope = TokenScope(vector["tenant"], vector["site"], vector["epoch"])
    tokens = make_tokens(canonical, keys, scope)
    found = steps | {
        "canon": canonical.decode(),
        "fold": folded.decode(),
        "token_exact": tokens.exact.hex(),
        "token_fold": tokens.fold.hex(),
    }
    assert found == {name: vector[name] for name in found}
