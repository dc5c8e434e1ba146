import logging
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node
from kedro_datasets.json import JSONDataset

from autoencoder_lab.cells import Cells, KeepFits
from autoencoder_lab.cells.fits import FILE_NAME, FitKeeper
from autoencoder_lab.cells.made_from import Origin
from autoencoder_lab.cells.plan import Plan
from autoencoder_lab.cells.stored_files import StoredFile, stored_file
from autoencoder_lab.training import checkpoints
from autoencoder_lab.training.checkpoints import Best, FitState

from .conftest import CODE, same

ORIGIN = Origin(parameters={"epochs": 9, "seed": 1}, data="1a2b3c4d", code=CODE)
WEIGHTS = (np.arange(6, dtype=np.float32).reshape(2, 3), np.array(np.nan))
STATE = FitState(
    phase="layer 2",
    n_epochs=3,
    has_stopped=False,
    seconds=12.5,
    history=[{"epoch": 1, "train/loss": 0.1 + 0.2, "val/loss": float("inf"), "phase": "layer 1"}],
    best=Best(0.25, 2, WEIGHTS[:1]),
    weights=WEIGHTS,
    others=(np.array(7, np.int64),),
)


@pytest.fixture(params=["{folder}", "memory://{folder}"], ids=["disk", "object store"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> JSONDataset:
    folder = request.param.format(folder=tmp_path)
    return JSONDataset(filepath=f"{folder}/model.json", metadata={"seconds_between_states": 0})


@pytest.fixture
def file(model: JSONDataset) -> StoredFile:
    saved = stored_file(model)
    assert saved is not None
    return saved.beside(FILE_NAME)


def assert_equal(state: FitState | None, other: FitState) -> None:
    assert state is not None
    for facts in ("phase", "n_epochs", "has_stopped", "seconds", "history"):
        assert getattr(state, facts) == getattr(other, facts)
    assert (state.best.loss, state.best.n_worse) == (other.best.loss, other.best.n_worse)
    for arrays, theirs in (
        (state.weights, other.weights),
        (state.others, other.others),
        (state.best.weights, other.best.weights),
    ):
        assert [array.dtype for array in arrays] == [array.dtype for array in theirs]
        assert [array.tobytes() for array in arrays] == [array.tobytes() for array in theirs]


def test_the_same_fit_finds_its_state_to_the_last_bit(file: StoredFile) -> None:
    FitKeeper(file, ORIGIN, 0).save(STATE)

    assert_equal(FitKeeper(file, ORIGIN, 0).load(), STATE)


@pytest.mark.parametrize(
    ("origin", "problem"),
    [
        (ORIGIN.model_copy(update={"parameters": {"epochs": 8, "seed": 1}}), "epochs was 9, is 8"),
        (ORIGIN.model_copy(update={"data": "5e6f7a8b"}), "data was 1a2b3c4d, is 5e6f7a8b"),
        (
            ORIGIN.model_copy(update={"code": CODE.model_copy(update={"package": "1f2e"})}),
            "digest of src and conf/base was none, is 1f2e",
        ),
    ],
    ids=["parameters", "data", "code"],
)
def test_another_fit_starts_over_and_says_why(
    file: StoredFile, origin: Origin, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    FitKeeper(file, ORIGIN, 0).save(STATE)

    assert FitKeeper(file, origin, 0).load() is None

    assert (
        f"Starting the fit over instead of resuming it from {file.address}: {problem}"
        in caplog.text
    )


@pytest.mark.parametrize("n_kept", [0, 20, -1], ids=["empty", "begun", "nearly whole"])
def test_a_damaged_state_is_not_used(
    file: StoredFile, n_kept: int, caplog: pytest.LogCaptureFixture
) -> None:
    FitKeeper(file, ORIGIN, 0).save(STATE)
    file.write(file.read()[:n_kept])

    assert FitKeeper(file, ORIGIN, 0).load() is None

    assert "it is damaged" in caplog.text


def test_states_are_kept_no_oftener_than_asked(file: StoredFile) -> None:
    assert FitKeeper(file, ORIGIN, 0).is_due()
    assert not FitKeeper(file, ORIGIN, 3600).is_due()


def test_a_state_is_there_while_its_fit_runs_and_gone_with_the_model(
    model: JSONDataset, file: StoredFile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cells = Cells()
    cells.plan = Plan({}, {"model": ORIGIN}, {}, [], {}, {}, {}, "")
    hook = KeepFits(cells)
    hook.before_pipeline_run(DataCatalog({"model": model, "map": MemoryDataset()}))

    hook.before_node_run(Node(same, "map", "model", name="train"))
    keeper = checkpoints.find_keeper()
    assert keeper is not None
    keeper.save(STATE)
    assert file.exists()
    hook.after_dataset_saved("map")
    assert file.exists()
    hook.after_dataset_saved("model")
    assert not file.exists()
    hook.before_node_run(Node(same, "model", "map", name="draw"))
    assert checkpoints.find_keeper() is None
