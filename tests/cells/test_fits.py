from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro_datasets.json import JSONDataset

from autoencoder_lab.cells import Cells, KeepFits
from autoencoder_lab.cells.fits import FILE_NAME, FitKeeper
from autoencoder_lab.cells.made_from import Origin
from autoencoder_lab.cells.plan import Plan
from autoencoder_lab.cells.stored_files import StoredFile, local_file, stored_file
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
    floor=Best(),
    weights=WEIGHTS,
    others=(np.array(7, np.int64),),
)


@pytest.fixture(autouse=True)
def _no_keeper_outlives_a_test() -> Iterator[None]:
    yield
    checkpoints.keep_in(None)


@pytest.fixture(params=["{folder}", "memory://{folder}"], ids=["disk", "object store"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> JSONDataset:
    folder = request.param.format(folder=tmp_path)
    return JSONDataset(filepath=f"{folder}/model.json", metadata={"seconds_between_states": 0})


@pytest.fixture
def file(model: JSONDataset) -> StoredFile:
    saved = stored_file(model)
    assert saved is not None
    return saved.beside(FILE_NAME)


[TRAIN, DRAW] = Pipeline(
    [Node(same, "images", "model", name="train"), Node(same, "model", "map", name="draw")],
    namespace="a",
    inputs={"images"},
).nodes


@pytest.fixture
def hook(model: JSONDataset) -> KeepFits:
    """Return the hook of a session that makes the model."""
    saved = stored_file(model)
    assert saved is not None
    cells = Cells()
    cells.plan = Plan({"a.model": saved}, {"a.model": ORIGIN}, {}, [], {}, {}, {}, "")
    hook = KeepFits(cells)
    hook.before_pipeline_run(DataCatalog({"a.model": model, "a.map": MemoryDataset()}))
    return hook


def assert_equal(state: FitState | None, other: FitState) -> None:
    assert state is not None
    for facts in ("phase", "n_epochs", "has_stopped", "seconds", "history"):
        assert getattr(state, facts) == getattr(other, facts)
    assert (state.best.loss, state.best.n_worse) == (other.best.loss, other.best.n_worse)
    assert state.floor.loss == other.floor.loss
    for arrays, theirs in (
        (state.weights, other.weights),
        (state.others, other.others),
        (state.best.weights, other.best.weights),
        (state.floor.weights, other.floor.weights),
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


def test_a_damaged_state_is_not_used(file: StoredFile, caplog: pytest.LogCaptureFixture) -> None:
    FitKeeper(file, ORIGIN, 0).save(STATE)
    whole = file.read()
    header = whole.index(b"\n") + 1

    for n_kept in (0, 20, header, header + 1, header + 30, len(whole) // 2, len(whole) - 1):
        caplog.clear()
        file.write(whole[:n_kept])
        assert FitKeeper(file, ORIGIN, 0).load() is None
        assert "it is damaged" in caplog.text


def test_a_state_that_cannot_be_saved_costs_a_warning_and_not_the_fit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    below_a_file = local_file(tmp_path / "file" / FILE_NAME)

    FitKeeper(below_a_file, ORIGIN, 0).save(STATE)

    assert "The state of the fit could not be saved yet" in caplog.text


def test_states_are_kept_no_oftener_than_asked(file: StoredFile) -> None:
    assert FitKeeper(file, ORIGIN, 0).is_due()
    assert not FitKeeper(file, ORIGIN, 3600).is_due()


def test_a_state_is_kept_until_all_of_its_variant_is_whole(
    hook: KeepFits, file: StoredFile
) -> None:
    hook.before_node_run(TRAIN)
    keeper = checkpoints.find_keeper()
    assert keeper is not None
    keeper.save(STATE)
    hook.before_node_run(DRAW)
    assert checkpoints.find_keeper() is None
    hook.after_variant_run("a", ValueError("the results of the fit could not be written"))
    hook.after_variant_run("b", None)
    assert file.exists()
    hook.after_variant_run("a", None)
    assert not file.exists()


def test_a_fit_in_other_threads_starts_over(
    hook: KeepFits, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = []
    for threads in ("4", "4", "1"):
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", threads)
        hook.before_node_run(TRAIN)
        keeper = checkpoints.find_keeper()
        assert keeper is not None
        loaded.append(keeper.load())
        keeper.save(STATE)

    assert loaded[0] is loaded[2] is None
    assert loaded[1] is not None
    assert "TF_NUM_INTRAOP_THREADS was 4, is 1" in caplog.text
