"""The project's own parameters, as Kedro reads them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

BASE = Path(__file__).parents[2] / "conf" / "base"


def project_parameters(**changes: object) -> Mapping[str, Any]:
    """Return the project's own parameters, with dotted keys changed."""
    files = [BASE / "parameters.yml", *sorted((BASE / "parameters").glob("*.yml"))]
    merged = OmegaConf.merge(
        *map(OmegaConf.load, files), {"dataset": "mnist", "seed": 42, "run_key": None}
    )
    for key, value in changes.items():
        OmegaConf.update(merged, key, value)
    as_read = OmegaConf.to_container(merged)
    assert isinstance(as_read, dict)
    return as_read
