"""What MLflow says of a run that did not end well."""

from .conftest import ProjectCopy


def test_an_error_in_a_node_fails_the_run_and_its_results_stay(project: ProjectCopy) -> None:
    # More than there are images: t-SNE refuses, after training.
    done = project.kedro(
        "run", "--env=smoke", "--pipelines=stacked", "--params=evaluation.tsne_perplexity=5000"
    )

    assert done.returncode != 0
    assert "must be less than n_samples" in done.stderr
    [run] = project.runs()
    assert run.info.status == "FAILED"
    assert "val/loss" in run.data.metrics
    assert "tsne/trustworthiness" not in run.data.metrics
