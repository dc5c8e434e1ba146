"""The installed packages and the machine, and how they differ from those of another run."""

import os
import platform
import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path


def read_packages() -> dict[str, str]:
    """Return the version of each installed package, by its normalised name."""
    versions = {}
    for distribution in distributions():
        # An installation that was cut off leaves a folder without, for which some finders raise.
        with suppress(FileNotFoundError):
            # Each `.name` and `.version` would parse its description again.
            package = distribution.metadata
            if package["Name"]:
                versions[normalised(package["Name"])] = package["Version"]
    return dict(sorted(versions.items()))


def read_machine() -> dict[str, str]:
    """Return Python, platform and processor: what can change a number's last digits."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
    }


def usable_cores() -> int:
    """Return how many cores this process may use: cgroups and affinity may leave it fewer."""
    from joblib import cpu_count  # takes its time

    n_cores: int = cpu_count()
    return n_cores


def normalised(name: str) -> str:
    """Return a package's name as indices compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def version_differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return which versions have changed since, a sentence each.

    Not that of this package: its code is compared, and `kedro package` has it listed as installed.
    """
    return [
        f"{name} was {then.get(name, 'not there')}, is {now.get(name, 'not there')}"
        for name in sorted({**then, **now}.keys() - {"autoencoder-lab"})
        if then.get(name) != now.get(name)
    ]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # Linux tells Python no more than the architecture
    if cpuinfo.exists() and (model := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())):
        return model[1]
    return platform.processor() or platform.machine()
