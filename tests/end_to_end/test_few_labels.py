"""A network on labels that spread, where the parameters ask for it."""

from autoencoder_lab.metrics import contract

from .conftest import VIEWS, ProjectCopy

LINEAR = ("run", "--env=smoke", "--pipelines=linear")
ASKED_FOR = "--params=few_labels.draws=2,few_labels.steps=20"
AVAILABLE: set[contract.Need] = {"encoder", "decoder", "classes", "few_labels"}


def test_it_is_added_to_a_cell_that_is_there(project: ProjectCopy) -> None:
    without = project.kedro(*LINEAR)
    added = project.kedro(*LINEAR, ASKED_FOR, "--only-missing-outputs")

    assert without.returncode == added.returncode == 0, without.stderr + added.stderr
    assert "few_labels" not in without.stdout
    assert "Running linear.train_autoencoder" not in added.stdout
    newest, first = project.runs()
    of_stage = {key for key in newest.data.metrics if key.startswith("few_labels/")}
    assert not any(key.startswith("few_labels/") for key in first.data.metrics)
    assert of_stage == {key for key in contract.required(VIEWS, AVAILABLE) if "few_labels/" in key}
    assert newest.info.status == "FINISHED"
    assert contract.required(VIEWS, AVAILABLE) <= newest.data.metrics.keys()
    assert newest.data.params["few_labels.draws"] == "2"
    figures = {file.path for file in project.client.list_artifacts(newest.info.run_id, "figures")}
    assert "figures/few_labels.png" in figures
