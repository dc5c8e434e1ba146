from importlib.metadata import version
from pathlib import Path

import pytest

from autoencoder_lab.commands.doctor.packages import check_packages

NUMPY = version("numpy")
HASH = " \\\n    --hash=sha256:0123\n"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"numpy=={NUMPY}", None),
        (f"NumPy=={NUMPY} ; python_full_version >= '3.11'", None),
        ("numpy==1.0 ; sys_platform == 'another'", None),
        ("numpy==0.1", f"numpy is {NUMPY}; the lock has 0.1"),
        ("no-such_package==3.0", "no-such-package is not installed; the lock has 3.0"),
        ("# numpy==0.1", None),
    ],
)
def test_what_is_installed_is_compared_with_the_lock(
    tmp_path: Path, line: str, problem: str | None
) -> None:
    (tmp_path / "requirements.txt").write_text(f"{line}{HASH}pip-audit-is-no-pin\n")

    found = check_packages(tmp_path)

    assert [it.text for it in found.problems] == ([problem] if problem else [])
    assert all("make setup" in it.remedy for it in found.problems)


def test_a_lock_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    [problem] = check_packages(tmp_path).problems

    assert problem.text == "requirements.txt is missing"
    assert "git checkout" in problem.remedy
