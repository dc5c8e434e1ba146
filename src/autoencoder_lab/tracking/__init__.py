"""Everything that knows MLflow: one hook class a job, sharing the session's runs.

kedro-mlflow supplies the configuration (`mlflow.yml`) and `kedro mlflow ui`. Its own hook tracks
one run a session under unflattened parameter names, so it is switched off in `settings.py`.
"""

from .cell_results import CellResultsDataset
from .outputs import LogOutputs
from .run_tree import RunTree
from .runs import MlflowRuns
from .summary import PrintSummary
from .timings import LogNodeSeconds

__all__ = [
    "CellResultsDataset",
    "LogNodeSeconds",
    "LogOutputs",
    "MlflowRuns",
    "PrintSummary",
    "RunTree",
]
