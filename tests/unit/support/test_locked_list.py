import pytest

from tests.support.locked_list import packages_for

LOCKED = """\
# by scripts/lock
numpy==2.2.6 ; python_full_version < '3.11' and sys_platform == 'linux' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
numpy==2.4.6 ; python_full_version == '3.11.*' \\
    --hash=sha256:cc
nvidia-runtime==1.0 ; platform_machine == 'x86_64' \\
    --hash=sha256:dd
tomli==2.5.0 \\
    --hash=sha256:ee
"""


@pytest.mark.parametrize(
    ("version", "numpy"),
    [
        pytest.param("3.10", "numpy==2.2.6 --hash=sha256:aa --hash=sha256:bb", id="3.10"),
        pytest.param("3.11", "numpy==2.4.6 --hash=sha256:cc", id="3.11"),
    ],
)
def test_conditions_are_weighed_for_the_python_that_is_asked_for(version: str, numpy: str) -> None:
    assert packages_for(LOCKED, version) == [numpy, "tomli==2.5.0 --hash=sha256:ee"]


def test_package_without_a_digest_is_refused() -> None:
    with pytest.raises(ValueError, match="numpy is locked without a digest"):
        packages_for("numpy==2.4.6\n", "3.11")
