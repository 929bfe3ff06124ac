"""Networks whose cable can be pulled: a namespace, which needs root and a kernel that allows it.

Without one a test is skipped, but fails where ``EDGE_LPR_REQUIRE_NETNS=1`` says that it must be
there.
"""

import os

import pytest

from tests.reliability.namespace import Namespace, NamespaceError


def need_network() -> None:
    """Skip or fail the test where nobody can make a network namespace."""
    try:
        with Namespace():
            pass
    except NamespaceError as error:
        if os.environ.get("EDGE_LPR_REQUIRE_NETNS") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
