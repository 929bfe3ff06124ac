"""``locked_list.py LIST VERSION``: the part of a locked list that an arm64 Python installs.

pip weighs the conditions in a list by the Python that it runs in, also when it is told to download
for another one. So they are weighed here, and what holds is printed without them, a line a package.
Which files there are for it is left to pip.
"""

import re
import sys
from pathlib import Path

from packaging.requirements import Requirement


def packages_for(locked: str, python_version: str) -> list[str]:
    """Return what one Python needs, each package with its digests on one line.

    Args:
        locked: Text of a list as ``scripts/lock`` writes it.
        python_version: Such as ``3.10``.

    Returns:
        Lines for ``pip --requirement``, in the list's order, without conditions.

    Raises:
        ValueError: A package has no digest, so pip could not know its file.
    """
    place = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "aarch64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python_version}.0",
        "python_version": python_version,
        "sys_platform": "linux",
    }
    kept = []
    for line in re.sub(r"\\\n\s*", "", locked).splitlines():
        if not line or line.startswith("#"):
            continue
        wanted, *digests = re.split(r"\s+(?=--hash=)", line.strip())
        requirement = Requirement(wanted)
        if not digests:
            raise ValueError(f"{requirement.name} is locked without a digest; run scripts/lock")
        if requirement.marker is None or requirement.marker.evaluate(place):
            requirement.marker = None
            kept.append(" ".join([str(requirement), *digests]))
    return kept


if __name__ == "__main__":
    sys.stdout.writelines(
        f"{package}\n" for package in packages_for(Path(sys.argv[1]).read_text(), sys.argv[2])
    )
