"""Packs the suite into one file that a booth's Python runs."""

import zipfile
from pathlib import Path

_MAIN = """import sys
from tests.escape.judge import main
sys.exit(main(sys.argv[1:]))
"""


def pack_suite(path: Path) -> None:
    """Write the suite as a program: ``python suite.pyz judge --results FILE``.

    Compressed, so that no form of a picture's mark lies in it by chance of spelling.
    """
    folder = Path(__file__).parent
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as suite:
        suite.writestr("__main__.py", _MAIN)
        suite.writestr("tests/__init__.py", "")
        suite.writestr("tests/escape/__init__.py", "")
        for each in sorted(folder.glob("*.py")):
            if not each.name.startswith("test_"):
                suite.write(each, f"tests/escape/{each.name}")
