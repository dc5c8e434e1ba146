"""Asks where the locks can be installed, and writes the table of docs/platforms.md.

    make platforms

uv resolves each lock for each Python and platform with wheels alone (nothing is installed); of what
has no wheel there, it says whether there is a source to build.
"""

import os
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

LOCKS = {"project": "requirements.txt", "schedule": "orchestration/requirements.txt"}
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {
    "Linux x86_64": "x86_64-manylinux_2_28",
    "Linux arm64": "aarch64-manylinux_2_28",
    "macOS arm64": "aarch64-apple-darwin",
    "macOS x86_64": "x86_64-apple-darwin",
}
OLDEST_MACOS = "14.0"  # faiss-cpu's wheels are for no older one

HERE = Path(__file__).parent
WHEELS, ALONE = "--only-binary=:all:", "--no-deps"
PACKAGE = re.compile(r"^(?P<name>[\w.-]+)==.*\n(?:\s.*\n)*", re.M)  # with its hashes
NO_WHEEL = re.compile(r"Because (?P<name>[\w.-]+)==\S+ has no (?:usable )?wheels")
TABLE = re.compile(r"(?<=<!-- make platforms -->\n\n).*?(?=\n\n<!-- -->)", re.S)


def main() -> None:
    """Replace the table in docs/platforms.md."""
    rows = [
        f"| {name} | {python} | {' | '.join(needs(lock, python, platform) for lock in LOCKS)} |"
        for name, platform in PLATFORMS.items()
        for python in PYTHONS
    ]
    head = [f"| platform | Python | {' | '.join(LOCKS)} |", "|---|---|" + "---|" * len(LOCKS)]
    page = HERE / "platforms.md"
    page.write_text(TABLE.sub("\n".join(head + rows), page.read_text()))


def needs(lock: str, python: str, platform: str) -> str:
    """Return "wheels", or what has to be built there, and what does not exist."""
    text = (HERE.parent / LOCKS[lock]).read_text()
    if not resolve(text, python, platform, WHEELS):
        return "wheels"
    packages: dict[str, str] = defaultdict(str)  # some have a version for each Python
    for match in PACKAGE.finditer(text):
        packages[match["name"]] += match[0]
    found: dict[str, list[str]] = {"builds": [], "not to be had:": []}
    while refusal := resolve("".join(packages.values()), python, platform, WHEELS, ALONE):
        without_wheel = NO_WHEEL.search(refusal)
        if not without_wheel:
            raise RuntimeError(refusal)
        name = without_wheel["name"]
        has_source = not resolve(packages.pop(name), python, platform, ALONE)
        found["builds" if has_source else "not to be had:"].append(name)
    return "; ".join(f"{what} {', '.join(names)}" for what, names in found.items() if names)


def resolve(requirements: str, python: str, platform: str, *options: str) -> str:
    """Return why packages, with all that they need, cannot be installed; nothing where they can."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text(requirements)
        command = ["uv", "pip", "install", "--dry-run", "--quiet", "--require-hashes"]
        where = ["--python-version", python, "--python-platform", platform, "--target", folder]
        done = subprocess.run(
            [*command, *where, *options, "--requirement", str(file)],
            env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS},
            capture_output=True,
            text=True,
            check=False,
        )
    return done.stderr if done.returncode else ""


if __name__ == "__main__":
    main()
