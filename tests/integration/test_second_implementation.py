"""Token suite 1 in another language agrees with ours byte for byte.

``EDGE_LPR_TOKEN_INPUTS`` says on how many random inputs; 1,000 take ten minutes on two cores.
"""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

from edge_lpr.core.errors import PlateRefusedError
from edge_lpr.tokens.canonical import canonicalise, fold_into
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens
from tests.support.node import need_node

FOLDER = Path(__file__).parents[1] / "second_implementation"
VECTORS = json.loads((FOLDER.parent / "assets" / "token-vectors-v1.json").read_text())

INPUTS = int(os.environ.get("EDGE_LPR_TOKEN_INPUTS", "40"))
SEED = 2026

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
CYRILLIC = "АВЕКМНОРСТУХІавекмнорстухі"
OTHERS = "ÄÖÜäöüÉèŠž٠١٢٣٤٥٦٧٨٩०१२३४५६७८９０①ｱßＡＢＣﬁ"
SEPARATORS = " -.·•_/\u2010\u2011\u2013\u2014\t"
NEVER = "?*#Ж中🚗"


def random_input(chance: random.Random) -> dict[str, Any]:
    script = chance.choice((LATIN, LATIN, LATIN + CYRILLIC, LATIN + OTHERS, LATIN + OTHERS + NEVER))
    plate = "".join(
        chance.choice(SEPARATORS) if chance.random() < 0.15 else chance.choice(script)
        for _ in range(chance.randint(1, 12))
    )

    def name() -> str:
        letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
        return "".join(chance.choice(letters) for _ in range(chance.randint(1, 32)))

    return {
        "plate": plate,
        "tenant": name(),
        "site": name(),
        "epoch": str(chance.choice((chance.randrange(40_000), chance.randrange(2**64)))),
        "k_stretch": chance.randbytes(32).hex(),
        "k_site": chance.randbytes(32).hex(),
    }


def ours(given: dict[str, Any]) -> dict[str, Any]:
    try:
        canonical = canonicalise(given["plate"])
    except PlateRefusedError:
        return {"refused": True}
    folded = bytearray(len(canonical))
    fold_into(canonical, folded)
    keys = TokenKeys(bytes.fromhex(given["k_stretch"]), bytes.fromhex(given["k_site"]))
    tokens = make_tokens(
        canonical, keys, TokenScope(given["tenant"], given["site"], int(given["epoch"]))
    )
    return {
        "canon": canonical.decode(),
        "folded": folded.decode(),
        "exact": tokens.exact.hex(),
        "fold": tokens.fold.hex(),
    }


def theirs(inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [need_node(FOLDER), str(FOLDER / "tokens.mjs")],
        input="".join(json.dumps(each) + "\n" for each in inputs),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_second_implementation_gives_the_published_tokens() -> None:
    scope = {name: VECTORS[name] for name in ("tenant", "site", "k_stretch", "k_site")}
    scope["epoch"] = str(VECTORS["epoch"])
    found = theirs([scope | {"plate": vector["plate"]} for vector in VECTORS["tokens"]])
    assert found == [
        {
            "canon": vector["canon"],
            "folded": vector["fold"],
            "exact": vector["token_exact"],
            "fold": vector["token_fold"],
        }
        for vector in VECTORS["tokens"]
    ]


def test_two_implementations_agree_on_random_plates_keys_and_scopes() -> None:
    chance = random.Random(SEED)  # noqa: S311 - the same inputs every time
    inputs = [random_input(chance) for _ in range(INPUTS)]
    found = theirs(inputs)
    assert found == [ours(each) for each in inputs]
    # Both refuse some, and most are tokens: otherwise nothing was compared.
    refused = sum("refused" in each for each in found)
    assert 0 < refused < INPUTS / 2
