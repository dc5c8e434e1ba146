import json

import pytest
from mlflow import MlflowClient

from autoencoder_lab.metrics import contract
from autoencoder_lab.tracking.store.shared_view import METRICS, SECTIONS, TAG, VIEW, keep_view, page

LONGEST_TAG = 5000  # characters, MLflow's limit for experiments


@pytest.mark.parametrize("metric", METRICS)
def test_columns_are_of_metrics_that_there_are(metric: str) -> None:
    assert contract.get(metric) is not None


def test_the_view_is_kept_once_and_the_page_leads_to_it(
    client: MlflowClient, experiment: str
) -> None:
    for _ in range(2):
        keep_view(client, client.get_experiment(experiment))

    text = client.get_experiment(experiment).tags[TAG]
    view = json.loads(text)
    assert len(text) < LONGEST_TAG
    assert [section["name"] for section in view["compareRunSections"]] == list(SECTIONS)
    assert {card["metricSectionId"] for card in view["compareRunCharts"]} <= set(SECTIONS)
    assert len({card["uuid"] for card in view["compareRunCharts"]}) == 7
    assert page(experiment).endswith(f"viewStateShareKey={VIEW}")
    assert TAG.endswith(VIEW)
