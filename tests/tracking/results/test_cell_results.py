from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, LoggedModelStatus

from autoencoder_lab.tracking import CellResultsDataset
from autoencoder_lab.tracking.results.cell_results import MODEL, MOST_EARLIER, load_model

from ...hostile_models import HOSTILE, SaveHostile

TAGS = {
    "dataset": "digits",
    "variant": "stacked",
    "seed": "3",
    "data_digest": "d" * 64,
    "git_commit": "c" * 40,
}


@pytest.fixture(autouse=True)
def _in_use(embedded: str, client: MlflowClient, experiment: str) -> Iterator[None]:
    mlflow.set_tracking_uri(embedded)
    mlflow.set_experiment(experiment_id=experiment)
    yield
    mlflow.set_tracking_uri(None)


@pytest.fixture
def add_run(client: MlflowClient, experiment: str) -> Iterator:
    def add(status: str = "FINISHED", **tags: str) -> str:
        run_id = client.create_run(experiment, tags={**TAGS, **tags}).info.run_id
        client.log_param(run_id, "training.epochs", 2)
        client.log_metric(run_id, "test/mse", 0.25)
        client.log_metric(run_id, "train/loss", 0.5, step=1)
        client.log_metric(run_id, "pretraining/gain", 0.125, step=100)
        client.log_metric(run_id, "of/somebody_else", 1)
        client.set_terminated(run_id, status)
        return str(run_id)

    return add


def loaded(run_key: str | None = None) -> dict[str, object]:
    results = CellResultsDataset(dataset="digits", run_key=run_key).load()
    return {result.run_id: result for result in results}


def test_a_result_is_what_its_run_holds(add_run, client: MlflowClient) -> None:
    run_id = add_run("FAILED", git_changes="e" * 64)
    gains = "labels,pretraining/gain\n100,0.125\n300,0.25\n"
    client.log_text(run_id, gains, "tables/pretraining_scores.csv")
    client.log_metric(run_id, "few_labels/accuracy", 0.5, step=100)
    scores = "labels,few_labels/accuracy\n100,0.5\n"
    client.log_text(run_id, scores, "tables/few_labels_scores.csv")

    [result] = loaded().values()

    assert (result.dataset, result.variant, result.seed) == ("digits", "stacked", 3)
    assert result.ended == client.get_run(run_id).info.end_time
    assert (result.run_key, result.run_id, result.status) == ("", run_id, "FAILED")
    assert result.made_with == {
        "data": "d" * 8,
        "commit": "c" * 8,
        "digest of uncommitted changes": "e" * 8,
    }
    assert result.parameters == {"training.epochs": "2"}
    assert result.metrics == {"test/mse": 0.25}
    expected = pd.DataFrame(
        {
            "labels": [100, 300],
            "pretraining/gain": [0.125, 0.25],
            "few_labels/accuracy": [0.5, np.nan],
        }
    )
    pd.testing.assert_frame_equal(result.load_few_labels(), expected)


def test_runs_of_a_key_and_without_one_are_kept_apart_and_so_are_data_sets(add_run) -> None:
    without = add_run()
    november = add_run(run_key="november")
    add_run(run_key="december")
    add_run(dataset="mnist")

    assert list(loaded()) == [without]
    assert list(loaded("november")) == [november]
    assert loaded("october") == {}


def test_only_runs_of_variants_are_results(add_run, client: MlflowClient, experiment: str) -> None:
    cell = add_run()
    client.create_run(experiment, tags={"dataset": "digits", "seed": "3"})  # a parent
    deleted = add_run()
    client.delete_run(deleted)

    assert list(loaded()) == [cell]


@pytest.mark.parametrize(
    ("tags", "foreign"),
    [
        ({"seed": "x"}, "its seed is x"),
        ({"seed": ""}, "its seed is not set"),
        ({"data_digest": ""}, "it names no data"),
    ],
)
def test_a_run_that_somebody_made_by_hand_is_known(
    add_run, tags: dict[str, str], foreign: str
) -> None:
    own, theirs = add_run(), add_run(**tags)

    results = loaded()

    assert (results[own].foreign, results[theirs].foreign) == ("", foreign)


@pytest.mark.slow
def test_an_earlier_result_of_the_same_code_is_found_behind_any_number_of_others(add_run) -> None:
    def add(code: str) -> str:
        return add_run(code_digest=code)

    same = add("same")
    others = [add(f"other {n}") for n in range(MOST_EARLIER + 1)]
    latest = add("same")

    earlier = [result.run_id for result in loaded()[latest].load_earlier()]

    assert earlier == [others[-1], same]


@pytest.mark.parametrize("save", HOSTILE.values(), ids=HOSTILE)
def test_a_model_of_another_that_would_run_code_is_refused(
    add_run, client: MlflowClient, experiment: str, tmp_path: Path, save: SaveHostile
) -> None:
    marker, folder = tmp_path / "sprung", tmp_path / "logged"
    (folder / MODEL).parent.mkdir(parents=True)
    save(folder / MODEL, marker)
    run_id = add_run()
    model = client.create_logged_model(experiment, source_run_id=run_id)
    client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])

    with pytest.raises(ValueError, match=f"the model of run {run_id} is not loaded") as refusal:
        load_model(run_id)

    assert not marker.exists()
    assert "\n" not in str(refusal.value)
    assert "safe_mode=False" not in str(refusal.value)
