"""What a token costs: how long one plate takes, and how many a machine makes a second."""

import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from edge_lpr.bench.figures import Figure, percentile
from edge_lpr.bench.progress import say
from edge_lpr.tokens.suite1 import KEY_BYTES, TokenKeys, TokenScope, make_tokens

_TOKENS: Final = 100
"""The 99th percentile of fewer is the slowest one."""

_MS_A_SECOND: Final = 1000.0
_PLATE: Final = b"ABC1234"
"""Every plate costs the same: the stretching does not depend on it."""


def measure_tokens(tokens: int = _TOKENS) -> list[Figure]:
    """Make tokens one after the other, as a booth does, and then on all cores, as a compiler does.

    Args:
        tokens: How many each time, at least 2.

    Returns:
        Latency and tokens a second; Argon2 has four lanes, so one token already uses four cores.
    """
    say(f"tokens, {tokens} one by one")
    keys = TokenKeys(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))
    scope = TokenScope("bench", "bench", 1)
    took_ms = []
    for _ in range(tokens):
        started_ns = time.perf_counter_ns()
        make_tokens(_PLATE, keys, scope)
        took_ms.append((time.perf_counter_ns() - started_ns) / 1e6)
    cores = len(os.sched_getaffinity(0))
    say(f"tokens, {tokens} on {cores} threads")
    started_ns = time.perf_counter_ns()
    with ThreadPoolExecutor(cores) as pool:
        for done in [pool.submit(make_tokens, _PLATE, keys, scope) for _ in range(tokens)]:
            done.result()
    together_s = (time.perf_counter_ns() - started_ns) / 1e9
    one_by_one = _MS_A_SECOND * tokens / sum(took_ms)
    remark = f"{tokens} plates, both tokens of each"
    return [
        Figure("tokens", "token latency, median", percentile(took_ms, 50), "ms", None, remark),
        Figure("tokens", "token latency, 99th percentile", percentile(took_ms, 99), "ms"),
        Figure("tokens", "tokens a second, one after the other", one_by_one, "tokens/s"),
        Figure(
            "tokens",
            "tokens a second, all cores",
            tokens / together_s,
            "tokens/s",
            None,
            f"{cores} threads, 64 MiB each",
        ),
    ]
