"""Everything that knows MLflow: one hook class a job, sharing the session's runs.

kedro-mlflow supplies the configuration (`mlflow.yml`) and `kedro mlflow ui`. Its own hook tracks
one run a session under unflattened parameter names, so it is switched off in `settings.py`.
"""

from .cell_results import CellResultsDataset
from .champions import ChampionDataset, KeepChampions
from .description import DescribeRuns
from .files import LogFiles
from .lineage import LogLineage
from .machine import LogMachine
from .nodes import LogNodes
from .outputs import LogOutputs
from .run_tree import RunTree
from .runs import MlflowRuns
from .summary import PrintSummary

__all__ = [
    "CellResultsDataset",
    "ChampionDataset",
    "DescribeRuns",
    "KeepChampions",
    "LogFiles",
    "LogLineage",
    "LogMachine",
    "LogNodes",
    "LogOutputs",
    "MlflowRuns",
    "PrintSummary",
    "RunTree",
]
