"""What commands spend their first seconds on: tests/preloaded.py does it before the fork."""

from importlib import import_module

from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches
from sqlalchemy.orm import configure_mappers

for name in (
    "bokeh.embed",
    "bokeh.plotting",
    "faiss",
    "git",
    "kedro.framework.cli.cli",
    "kedro.framework.session",
    "kedro_datasets.matplotlib",
    "kedro_mlflow.config.kedro_mlflow_config",
    "matplotlib.backends.backend_agg",
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.system_metrics.system_metrics_monitor",
    "pandas",
    "s3fs",
    "scipy.stats",
    "skimage.metrics",
    "sklearn.cluster",
    "sklearn.linear_model",
    "sklearn.manifold",
    "sklearn.model_selection",
    "tensorflow",
):
    import_module(name)
configure_mappers()
warn_dependency_requirement_mismatches(["mlflow"])  # reads what all packages consist of
