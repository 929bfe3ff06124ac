"""``python -m edge_lpr.system_image``: what is in an image, and in what two of them differ."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_lpr.core.errors import EdgeLprError
from edge_lpr.system_image.bill_of_materials import bill_of_materials
from edge_lpr.system_image.comparison import image_differences
from edge_lpr.system_image.identity import read_identity
from edge_lpr.system_image.image_search import search_image
from edge_lpr.system_image.installed import read_installed
from edge_lpr.system_image.secret_search import SecretSearch


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the three.

    Args:
        arguments: The words of the command line; those of the process if left out.

    Returns:
        0 if all is well, 1 if something was found or differs, 2 if it could not be done.
    """
    options = _parse(arguments)
    try:
        return int(options.do(options))
    except EdgeLprError as error:
        sys.stderr.write(f"system_image: {error}\n")
    except OSError as error:
        sys.stderr.write(f"system_image: {error.filename or 'a file'}: {error.strerror}\n")
    return 2


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options, with what to do in ``do``."""
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.system_image", description=__doc__)
    actions = parser.add_subparsers(required=True)
    bill = actions.add_parser("bill", help="write the bill of materials of a system's folder")
    bill.add_argument("root", type=Path, help="the system's root")
    bill.add_argument("--wheels", type=Path, action="append", required=True, metavar="DIR")
    bill.add_argument("--locked", type=Path, required=True, metavar="requirements/device.txt")
    bill.add_argument("--output", type=Path, required=True, metavar="FILE.cdx.json")
    bill.set_defaults(do=_bill)
    search = actions.add_parser("search", help="search an image for keys, tickets and tokens")
    search.add_argument("image", type=Path)
    search.add_argument(
        "--word", action="append", default=[], help="a name of the building machine; repeatable"
    )
    search.set_defaults(do=_search)
    compare = actions.add_parser("compare", help="say in which files two images differ")
    compare.add_argument("images", type=Path, nargs=2, metavar="image")
    compare.set_defaults(do=_compare)
    return parser.parse_args(arguments)


def _bill(options: argparse.Namespace) -> int:
    """Write a bill of materials."""
    locked = options.locked.read_text(encoding="utf-8")
    installed = read_installed(options.root, options.wheels, locked)
    built_s = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    bill = bill_of_materials(read_identity(options.root), installed, built_s=built_s)
    options.output.write_bytes(bill)
    return 0


def _search(options: argparse.Namespace) -> int:
    """Search an image."""
    with TemporaryDirectory() as scratch:
        findings, files = search_image(options.image, SecretSearch(options.word), Path(scratch))
    for finding in findings:
        sys.stdout.write(f"{finding.where}: {finding.form}, at byte {finding.offset}\n")
    sys.stderr.write(f"{files} files searched, {len(findings)} findings\n")
    return 1 if findings else 0


def _compare(options: argparse.Namespace) -> int:
    """Compare two images."""
    differing = 0
    for line in image_differences(*options.images):
        differing += 1
        sys.stdout.write(f"{line}\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
