"""Takes a delivery of keys in a process that kills itself at the n-th call of the file system.

Run as a program: settings file, file with the delivery, key of the authority in hexadecimal. It
takes the delivery in one child after the other, killed at the first call, the second and so on,
until one lives through it; after each it prints what the file says then.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.settings import load_settings
from edge_lpr.tokeniser.clock_floor import FlooredClock
from edge_lpr.tokeniser.key_keeper import KeyKeeper
from edge_lpr.tokens.key_ring import read_key_state
from edge_lpr.tokens.overwriting import destroy_remains
from edge_lpr.wire.jws import PublicKey

CALLS = ("open", "write", "pwrite", "fsync", "link", "replace", "rename", "unlink", "close")
MOST_CALLS = 100


def main() -> None:
    """Kill at every call in turn."""
    settings_file, delivery_file, authority = sys.argv[1:]
    settings = load_settings(Path(settings_file))
    delivery = Path(delivery_file).read_bytes()
    key_ring_file = settings.tokeniser.key_ring_file
    original = key_ring_file.read_bytes()
    for last_call in range(1, MOST_CALLS):
        for path in key_ring_file.parent.iterdir():
            if path.name.startswith(".key-ring."):
                path.unlink()
        shutil.copyfile(_kept(key_ring_file, original), key_ring_file)
        key_ring_file.chmod(0o600)
        child = os.fork()
        if child == 0:
            _kill_at(last_call)
            state = read_key_state(key_ring_file)
            keeper = KeyKeeper(
                settings,
                state,
                authority=PublicKey(bytes.fromhex(authority)),
                sealing_key=None,
                clock=FlooredClock(SystemClock(), 0),
            )
            keeper.take(delivery)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        _report(key_ring_file, is_killed=os.WIFSIGNALED(status))
        if not os.WIFSIGNALED(status):
            return


def _kept(path: Path, original: bytes) -> Path:
    """Return a copy of the first content, under a name of its own."""
    copy = path.with_name("original")
    copy.write_bytes(original)
    return copy


def _report(path: Path, *, is_killed: bool) -> None:
    """Print what the next start finds, and how many other files are left once it has begun."""
    state = read_key_state(path)
    destroy_remains(path)
    left = [each.name for each in path.parent.iterdir() if each.name.startswith(".key-ring.")]
    found = {
        "is_killed": is_killed,
        "delivery": state.delivery_number,
        "epochs": state.ring.epochs(),
        "transport_key": state.transport_key.hex(),
        "left": left,
    }
    print(json.dumps(found))  # noqa: T201 - what this program is for


def _kill_at(last_call: int) -> None:
    """Replace the calls of the file system by ones that count, and kill at one of them."""
    calls = 0

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def count_and_call(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == last_call:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return count_and_call

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


if __name__ == "__main__":
    main()
