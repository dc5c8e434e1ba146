"""The list of runs and the charts in MLflow's pages, kept where its button "Share" keeps a view."""

import json

from mlflow import MlflowClient
from mlflow.entities import Experiment

VIEW = "autoencoder-lab"
TAG = f"mlflow.sharedViewState.{VIEW}"

METRICS = (
    "test/mse",
    "test/ssim",
    "denoise/gaussian_0.5/psnr_gain",
    "probe/linear_accuracy",
    "pretraining/gain",
    "model/latent_dim",
    "fit/seconds",
)
COLUMNS = (
    "attributes.`Dataset`",
    "attributes.`User`",
    *(f"metrics.`{metric}`" for metric in METRICS),
    "tags.`variant`",
    "tags.`seed`",
    "tags.`run_key`",
)
"""What is shown beside the name; by itself, MLflow shows no metric."""

IMAGES = ("reconstructions", "denoising", "map", "filters", "walk")
"""The figures that MLflow lays side by side."""

SECTIONS = (
    "overview",
    "images",
    "test",
    "denoise/gaussian_0.2",
    "denoise/gaussian_0.5",
    "denoise/mask_0.5",
    "probe",
    "pretraining",
    "train",
    "val",
    "validation",
    "fit",
    "model",
)
"""The sections of charts that come first: by what stands before the last / of a metric's key."""


def keep_view(client: MlflowClient, experiment: Experiment) -> None:
    """Let the experiment have the view to which `page` leads."""
    view = json.dumps(_view())
    if experiment.tags.get(TAG) != view:
        client.set_experiment_tag(experiment.experiment_id, TAG, view)


def page(experiment_id: str) -> str:
    """Return where MLflow shows all runs in this view, after a server's address."""
    # Without a type of workflow, MLflow opens its pages for chats.
    query = f"workflowType=machine_learning&viewStateShareKey={VIEW}"
    return f"#/experiments/{experiment_id}/runs?{query}"


def _view() -> dict[str, object]:
    parallel = {
        "selectedParams": ["model.family", "training.corruption.kind"],
        "selectedMetrics": METRICS[:5],
    }
    losses = {
        "metricKey": "val/loss",
        "selectedMetricKeys": ["val/loss"],
        "xAxisKey": "step",
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "lineSmoothness": 0,
        "range": {},
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }
    return {
        "selectedColumns": COLUMNS,
        "compareRunCharts": [
            _card("PARALLEL", "overview", **parallel),
            _card("LINE", "overview", **losses),
            *(
                _card("IMAGE", "images", imageKeys=[image], step=0, showRunParams=False)
                for image in IMAGES
            ),
        ],
        "compareRunSections": [
            {"uuid": name, "name": name, "display": True, "isReordered": True} for name in SECTIONS
        ],
        "isAccordionReordered": True,  # or MLflow sorts sections by name
        "hideEmptyCharts": True,
        "runsHiddenMode": "FIRST_20_RUNS",  # a parent has more than 10 children
    }


def _card(kind: str, section: str, **settings: object) -> dict[str, object]:
    what = settings.get("imageKeys", settings.get("metricKey"))
    return {
        "type": kind,
        "uuid": f"{section} {what}",
        "metricSectionId": section,
        "deleted": False,
        "isGenerated": False,
        "runsCountToCompare": 100,
        **settings,
    }
