"""The page's process as its unit starts it: handed one socket, without a right to make more."""

import http.client
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edge_lpr.aim.page_files import PAGE_FILES
from edge_lpr.aim.session import listening

ONLY_UNIX = """
import ctypes, errno, os, platform, socket, struct, sys

# RestrictAddressFamilies=AF_UNIX: socket() of any other family is refused. Words of BPF, as in
# linux/filter.h: load the call's number, load the low half of its first argument, compare, return.
call = {"x86_64": 41, "aarch64": 198}[platform.machine()]
words = [(0x20, 0, 0, 0), (0x15, 0, 2, call), (0x20, 0, 0, 16), (0x15, 0, 1, socket.AF_UNIX)]
words += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | errno.EAFNOSUPPORT)]
octets = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *word) for word in words))
program = struct.pack("HxxxxxxP", len(words), ctypes.addressof(octets))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit("no filter: " + os.strerror(ctypes.get_errno()))
try:
    socket.socket(socket.AF_INET)
except OSError:
    os.dup2(int(sys.argv[1]), 3)
    os.execv(sys.executable, [sys.executable, "-m", "edge_lpr", *sys.argv[2:]])
sys.exit("the filter does not filter")
"""


def test_page_serves_where_no_socket_but_the_keepers_can_be_made(tmp_path: Path) -> None:
    keeper_socket = tmp_path / "keeper.sock"
    with (
        closing(listening(keeper_socket, None)) as keeper,
        socket.create_server(("127.0.0.1", 0)) as handed,
        subprocess.Popen(
            [
                *(sys.executable, "-c", ONLY_UNIX, str(handed.fileno())),
                *("aim", "--page", "0", "--keeper", str(keeper_socket)),
            ],
            pass_fds=[handed.fileno()],
            stderr=subprocess.PIPE,
            text=True,
        ) as page,
    ):
        port = handed.getsockname()[1]
        handed.close()
        try:
            connection = keeper.accept(timeout_s=60)
            assert connection is not None
            with (
                closing(connection),
                closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as link,
            ):
                link.request("GET", "/")
                answer = link.getresponse()
                assert (answer.status, answer.read()) == (200, PAGE_FILES["/"][0])
        finally:
            page.kill()
