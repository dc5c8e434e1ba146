import json
from collections.abc import Iterator
from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest
from click.testing import CliRunner
from kedro.io import DataCatalog, DatasetError, MemoryDataset
from mlflow.cli import gc
from mlflow.pyfunc import PyFuncModel, scoring_server

from autoencoder_lab.cells import Cells
from autoencoder_lab.cells.plan import Plan
from autoencoder_lab.comparison.champions import Promotion
from autoencoder_lab.images.arrays import RawImages
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams
from autoencoder_lab.tracking import ChampionDataset, KeepChampions, LogOutputs, RunTree
from autoencoder_lab.tracking.runs.batching import BatchingClient

from ...servers import answering_server

IMAGES = np.random.default_rng(0).random((3, 7, 5, 1), dtype=np.float32)
PARAMS = DenseParams(family="dense", widths=(6, 4), activation="selu", output_activation="sigmoid")
TRAINING = {"loss": "mse", "optimizer": "sgd", "learning_rate": 1, "epochs": 1, "batch_size": 1}
BLOCK = {"model": PARAMS.model_dump(), "training": TRAINING}


class Comparison:
    """Runs with a model each, of a data set of their own, and what promotes them."""

    def __init__(self, client: BatchingClient, experiment: str, dataset: str) -> None:
        self.client, self.experiment, self.dataset = client, experiment, dataset
        self.name = f"autoencoder-{dataset}"

    def train(self, seed: int) -> str:
        """Return a finished run with a model."""
        runs = RunTree()
        runs.start(
            self.client,
            self.experiment,
            name="",
            tags={"dataset": self.dataset, "seed": str(seed)},
            shared={},
            variants={"tied": {"seed": seed}},
            is_compared=False,
        )
        cells = Cells()
        cells.plan = Plan({}, {}, {}, [], {}, {}, {}, "")
        raw_images = RawImages(IMAGES, np.arange(3))
        outputs = LogOutputs(runs, cells)
        outputs.before_pipeline_run(
            catalog=DataCatalog(
                {
                    "raw_images": MemoryDataset(raw_images, copy_mode="assign"),
                    "parameters": MemoryDataset({"tied": BLOCK}),
                    "tied.model": MemoryDataset(metadata={"mlflow": {"log": "model"}}),
                }
            )
        )
        outputs.after_dataset_saved("tied.model", build(PARAMS, (7, 5, 1), seed=seed))
        runs.end("FINISHED")
        return runs.top_id

    def promote(self, run_id: str, *, seed: int, is_promoted: bool, reason: str = "better") -> str:
        runs = RunTree()
        runs._client = self.client
        champions = KeepChampions(runs)
        catalog = DataCatalog({"params:dataset": MemoryDataset(self.dataset)})
        champions.before_pipeline_run(catalog=catalog)
        champion = ChampionDataset(dataset=self.dataset).load()
        promotion = Promotion(
            metric="validation/mse",
            variant="tied",
            seed=seed,
            run_id=run_id,
            score=0.1,
            interval=0.01,
            seeds=3,
            champion=champion and champion.name,
            champion_version=champion and champion.version,
            champion_score=0.2,
            is_promoted=is_promoted,
            reason=reason,
        )
        champions.after_dataset_saved("scores_table", None)  # of others, nothing is to be done
        champions.after_dataset_saved("candidate", promotion)
        return champions.outcome

    def version(self, alias: str) -> str:
        return str(self.client.get_model_version_by_alias(self.name, alias).version)


@pytest.fixture
def comparison(
    client: BatchingClient, embedded: str, experiment: str, request: pytest.FixtureRequest
) -> Iterator[Comparison]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(embedded)
    yield Comparison(client, experiment, request.node.name[:40])
    mlflow.set_tracking_uri(before)


@pytest.mark.slow
def test_a_champion_outlives_its_run(comparison: Comparison, embedded: str) -> None:
    run_id = comparison.train(1)
    comparison.promote(run_id, seed=1, is_promoted=True)
    before = ChampionDataset(dataset=comparison.dataset).load()
    comparison.client.delete_run(run_id)

    removed = CliRunner().invoke(gc, ["--backend-store-uri", embedded, "--run-ids", run_id])
    champion = ChampionDataset(dataset=comparison.dataset).load()

    assert "has been permanently deleted" in removed.output
    np.testing.assert_array_equal(
        champion.load_model().predict(IMAGES, 3, 0), before.load_model().predict(IMAGES, 3, 0)
    )


@pytest.mark.slow
def test_the_first_is_champion_and_a_better_one_takes_its_place_but_it_stays_reachable(
    comparison: Comparison,
) -> None:
    first, second = comparison.train(1), comparison.train(2)
    assert ChampionDataset(dataset=comparison.dataset).load() is None

    said = comparison.promote(first, seed=1, is_promoted=True, reason="there was no champion")
    assert (
        said == f"{comparison.name}@champion is now version 1 (tied, seed 1): there was no champion"
    )
    comparison.promote(second, seed=2, is_promoted=True)

    assert (comparison.version("champion"), comparison.version("former_champion")) == ("2", "1")
    champion = ChampionDataset(dataset=comparison.dataset).load()
    assert champion is not None
    assert (champion.version, champion.run_id, champion.cell) == ("2", second, "tied, seed 2")
    np.testing.assert_allclose(
        champion.load_model().predict(IMAGES, 3, 0),
        mlflow.pyfunc.load_model(f"models:/{comparison.name}@champion").predict(IMAGES),
    )


def test_where_nothing_is_promoted_there_is_no_champion(comparison: Comparison) -> None:
    run_id = comparison.train(1)

    said = comparison.promote(run_id, seed=1, is_promoted=False, reason="it knows one class")

    assert said.startswith(f"there is no {comparison.name}@champion. Best now: version 1")
    assert ChampionDataset(dataset=comparison.dataset).load() is None


@pytest.mark.slow
def test_the_best_is_registered_once_and_the_alias_stays_where_it_is_not_better(
    comparison: Comparison,
) -> None:
    first, second = comparison.train(1), comparison.train(2)
    comparison.promote(first, seed=1, is_promoted=True)

    said = [
        comparison.promote(second, seed=2, is_promoted=False, reason="not better") for _ in range(2)
    ]

    assert (
        said[0]
        == said[1]
        == (
            f"{comparison.name}@champion stays version 1 (tied, seed 1). "
            "Best now: version 2 (tied, seed 2), not better"
        )
    )
    assert comparison.version("champion") == "1"
    versions = comparison.client.search_model_versions(f"name = '{comparison.name}'")
    assert {version.version: version.run_id for version in versions} == {1: first, 2: second}
    assert versions[0].tags["metric"] == "validation/mse"
    assert versions[0].description == "tied, seed 2: not better"


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_a_registry_that_does_not_answer_is_not_one_without_a_champion(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with answering_server(b"", status=status) as address:
        # Or MLflow makes a store in this folder.
        monkeypatch.setattr("mlflow.tracking._tracking_service.utils._tracking_uri", address)
        monkeypatch.setattr("mlflow.tracking._model_registry.utils._registry_uri", address)

        with pytest.raises(DatasetError, match=f"{status}"):
            ChampionDataset(dataset="digits").load()


def test_the_champion_is_read_only(comparison: Comparison) -> None:
    with pytest.raises(DatasetError, match="read only"):
        ChampionDataset(dataset="digits").save({})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def served(
    client: BatchingClient, embedded: str, tmp_path_factory: pytest.TempPathFactory
) -> PyFuncModel:
    mlflow.set_tracking_uri(embedded)
    folder: Path = tmp_path_factory.mktemp("served")
    comparison = Comparison(client, client.create_experiment("served", folder.as_uri()), "served")
    run = client.get_run(comparison.train(1))
    return mlflow.pyfunc.load_model(f"models:/{run.outputs.model_outputs[0].model_id}")


@pytest.mark.slow
def test_what_is_served_reconstructs_denoises_and_encodes(served: PyFuncModel) -> None:
    model = build(PARAMS, (7, 5, 1), seed=1)
    reconstructions = model.predict(IMAGES, 3, 0)
    codings = model.get_layer("encoder").predict(IMAGES, 3, 0)

    np.testing.assert_allclose(served.predict(IMAGES), reconstructions, rtol=1e-6)
    for task, expected in (
        ("reconstruct", reconstructions),
        ("denoise", reconstructions),
        ("encode", codings),
    ):
        np.testing.assert_allclose(
            served.predict(IMAGES, params={"task": task}), expected, rtol=1e-6
        )
    assert keras.config.is_interactive_logging_enabled()


@pytest.mark.parametrize(
    ("images", "task", "message"),
    [
        (
            IMAGES[:, :6],
            "reconstruct",
            r"images are of shape \(3, 6, 5, 1\); allowed: \(n, 7, 5, 1\)",
        ),
        (IMAGES[0, 0, 0, 0], "reconstruct", r"shape \(\); allowed"),
        ([[0.1, 0.2], [0.3]], "encode", r"not an array of numbers, but list; allowed: \(n, 7, 5"),
        (np.full(IMAGES.shape, "dark"), "encode", "not an array of numbers, but ndarray"),
        (IMAGES, "dream", "task is 'dream'; allowed: reconstruct, denoise, encode"),
        (255 * IMAGES, "encode", r"images have values from 0 to 2\d\d.*; allowed: 0 to 1"),
        (
            np.full_like(IMAGES, 1.0000001),
            "encode",
            r"values from 0 to 1\.00000012; allowed: 0 to 1",
        ),
        (np.full_like(IMAGES, np.nan), "encode", "images have values from nan to nan"),
    ],
)
def test_what_is_served_refuses(
    served: PyFuncModel, images: np.ndarray, task: str, message: str
) -> None:
    with pytest.raises(mlflow.MlflowException, match=message):
        served.predict(images, params={"task": task})


def test_no_refusal_of_the_server_prints_images(served: PyFuncModel) -> None:
    request = json.dumps({"inputs": np.full(IMAGES.shape, 77.25).tolist()})

    with pytest.raises(mlflow.MlflowException) as refused:
        scoring_server.invocations(request, "application/json", served, None)

    assert "images have values from 0 to 77.25" in refused.value.serialize_as_json()
    assert refused.value.serialize_as_json().count("77.25") == 1


@pytest.mark.slow
@pytest.mark.parametrize("task", ["reconstruct", "encode"])
def test_what_is_served_takes_numbers_of_any_type(served: PyFuncModel, task: str) -> None:
    bits = IMAGES > 0.5
    as_floats = bits.astype(np.float32)

    def serve(images: object) -> np.ndarray:
        return np.asarray(served.predict(images, params={"task": task}))

    for given in (as_floats.astype(np.float64), as_floats.tolist(), bits, bits.astype(int)):
        np.testing.assert_array_equal(serve(given), serve(as_floats))
    for empty in (IMAGES[:0], []):
        assert serve(empty).shape == serve(as_floats)[:0].shape
