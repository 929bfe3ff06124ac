"""A vision that was taken over and says a secret in its readings: ``PROGRAM SOCKET HEX``."""

import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.escape.covert import speak

_PATIENCE_S = 120.0


def main(path: str, secret: bytes) -> None:
    """Hand over readings as fast as they are taken."""
    bits = [int(bit) for bit in "".join(f"{each:08b}" for each in secret)]
    deadline = time.monotonic() + _PATIENCE_S
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        while True:
            try:
                client.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        for reading in speak(bits):
            client.send(reading)
            client.recv(16)


if __name__ == "__main__":
    main(sys.argv[1], bytes.fromhex(sys.argv[2]))
