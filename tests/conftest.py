"""What several tests need: a real MLflow server, and the result of a cell."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pandas as pd
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from autoencoder_lab.comparison.results import CellResult
from autoencoder_lab.images.arrays import Autoencoder

from .servers import mlflow_server

# As in a session: the last bits of a sum depend on it.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

# The same examples each time, whatever a machine's speed; what it keeps is with pytest's.
set_hypothesis_home_dir(Path(__file__).parents[1] / ".pytest_cache" / "hypothesis")
hypothesis.settings.register_profile("lab", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("lab")

LONGEST_FIRST = ("test_smoke_run.py", "orchestration", "end_to_end")
"""Modules and folders of minutes: begun last, one of them would run alone while a core idles."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first; pytest-xdist hands modules out in this order."""

    def place(item: pytest.Item) -> int:
        return next(
            (n for n, name in enumerate(LONGEST_FIRST) if name in item.path.parts),
            len(LONGEST_FIRST),
        )

    items.sort(key=place)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def cell_result() -> CellResult:
    """Return a finished result without metrics."""

    def load_model() -> Autoencoder:
        raise AssertionError("no model is needed")

    return CellResult(
        dataset="digits",
        variant="tied",
        seed=1,
        run_key="",
        run_id="tied 1",
        user="anna",
        status="FINISHED",
        ended=1_790_000_000_000,
        made_with={"data": "1a2b3c4d", "commit": "5e6f7a8b"},
        parameters={},
        metrics={},
        load_few_labels=pd.DataFrame,
        load_map=str,
        load_model=load_model,
        load_values=dict,
        load_earlier=list,
    )
