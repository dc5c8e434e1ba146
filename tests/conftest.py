"""What several tests need: a real MLflow server, and the result of a cell."""

import subprocess
import sys
from collections.abc import Iterator

import pandas as pd
import pytest

from autoencoder_lab.arrays import Autoencoder
from autoencoder_lab.results import CellResult

from .servers import free_port, wait_for


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    arguments = f"server --backend-store-uri sqlite:///mlflow.db --port {port} --workers 1"
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *arguments.split()],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    wait_for(f"{address}/health", process)
    yield address
    process.terminate()
    process.wait(30)


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
        status="FINISHED",
        ended=1_790_000_000_000,
        made_with={"data": "1a2b3c4d", "commit": "5e6f7a8b"},
        parameters={},
        metrics={},
        load_few_labels=pd.DataFrame,
        load_model=load_model,
    )
