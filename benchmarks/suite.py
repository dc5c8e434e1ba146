"""What the tests take, by folder, and the longest.

    pytest -n auto --dist loadscope --no-loadscope-reorder --junitxml=report.xml
    PYTHONPATH=src python -m benchmarks.suite report.xml

Writes `benchmarks/results/suite.md`. The seconds of a folder are those of its tests, set-up
included, added up; the tests of several modules run side by side.
"""

import argparse
import os
import platform
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

RESULTS = Path(__file__).parent / "results/suite.md"
N_LONGEST = 15


def seconds_by_test(report: Path) -> dict[str, float]:
    """Return the seconds of each test in a report of pytest's."""
    return {
        f"{case.attrib['classname'].removeprefix('tests.')}::{case.attrib['name']}": float(
            case.attrib["time"]
        )
        for case in ElementTree.parse(report).iter("testcase")
    }


def wall_seconds(report: Path) -> float:
    """Return the seconds that all tests took, side by side."""
    return float(next(ElementTree.parse(report).iter("testsuite")).attrib["time"])


def folder(test: str) -> str:
    """Return the folder of a test; of the long ones, the module."""
    first, *rest = test.partition("::")[0].split(".")
    is_long = first in {"end_to_end", "orchestration"}
    return f"{first}/{rest[0]}" if is_long else first if rest else "modules of their own"


def by_folder(tests: dict[str, float]) -> tuple[Counter[str], Counter[str]]:
    """Return the seconds and the number of tests of each folder."""
    seconds: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for test, taken in tests.items():
        seconds[folder(test)] += taken
        numbers[folder(test)] += 1
    return seconds, numbers


def main(report: Path) -> str:
    """Return the tables."""
    tests = seconds_by_test(report)
    seconds, numbers = by_folder(tests)
    longest = Counter(tests).most_common(N_LONGEST)
    return "\n".join(
        [
            f"{os.cpu_count()} cores, Python {platform.python_version()}.",
            "",
            "| folder | tests | seconds |",
            "|---|---:|---:|",
            *(
                f"| {name} | {numbers[name]} | {taken:.0f} |"
                for name, taken in seconds.most_common()
            ),
            f"| all, added up | {len(tests)} | {sum(tests.values()):.0f} |",
            f"| **all, side by side** | | **{wall_seconds(report):.0f}** |",
            "",
            "The longest:",
            "",
            "| test | seconds |",
            "|---|---:|",
            *(f"| {test.replace('::', ': ')} | {taken:.0f} |" for test, taken in longest),
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("report", type=Path)
    tables = main(parser.parse_args().report)
    print(tables)
    RESULTS.write_text(tables)
