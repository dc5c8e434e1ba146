"""`kedro run`: every variant, as a parent run with a child each."""

from collections.abc import Callable

import pytest
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import VARIANTS

from .conftest import ProjectCopy

VIEWS = ("gaussian_0.2", "gaussian_0.5", "mask_0.5")


@pytest.fixture(scope="module")
def runs(project: ProjectCopy, succeed: Callable[..., str]) -> dict[str, Run]:
    succeed("run", "--env=smoke", "--params=seed=3")
    return {run.info.run_name: run for run in project.runs()}


def test_each_variant_is_a_finished_child_of_one_parent(runs: dict[str, Run]) -> None:
    parent = runs["all variants"]

    assert set(runs) == {"all variants", *VARIANTS}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    for variant in VARIANTS:
        assert runs[variant].data.tags[MLFLOW_PARENT_RUN_ID] == parent.info.run_id
        assert runs[variant].data.tags["variant"] == variant
    assert {run.data.tags["seed"] for run in runs.values()} == {"3"}


def test_variants_can_be_compared_column_by_column(runs: dict[str, Run]) -> None:
    parameters = {frozenset(runs[variant].data.params) for variant in VARIANTS}
    metrics = {frozenset(runs[variant].data.metrics) for variant in VARIANTS}

    assert len(parameters) == len(metrics) == 1
    assert contract.required(VIEWS, has_labels=True) <= metrics.pop()


def test_shared_stages_are_logged_in_the_parent_alone(
    project: ProjectCopy, runs: dict[str, Run]
) -> None:
    figures = {
        name: {file.path for file in project.client.list_artifacts(run.info.run_id, "figures")}
        for name, run in runs.items()
    }

    assert figures["all variants"] == {"figures/samples.png", "figures/corrupted_views.png"}
    assert "node/split_images/seconds" in runs["all variants"].data.metrics
    for variant in VARIANTS:
        assert "figures/reconstructions.png" in figures[variant]
        assert not figures[variant] & figures["all variants"]
        assert "node/split_images/seconds" not in runs[variant].data.metrics
