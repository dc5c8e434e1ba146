"""Everything that knows MLflow: one hook class a job, sharing the session's runs.

kedro-mlflow supplies the configuration (`mlflow.yml`) and `kedro mlflow ui`. Its own hook tracks
one run a session under unflattened parameter names, so it is switched off in `settings.py`.
"""

from .logged.champions import KeepChampions
from .logged.description import DescribeRuns
from .logged.files import LogFiles
from .logged.lineage import LogLineage
from .logged.machine import LogMachine
from .logged.nodes import LogNodes
from .logged.outputs import LogOutputs
from .logged.summary import PrintSummary
from .results.cell_results import CellResultsDataset
from .results.champion import ChampionDataset
from .runs.lifecycle import MlflowRuns
from .runs.run_tree import RunTree
from .store.pages import MakeStoreForPages

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
    "MakeStoreForPages",
    "MlflowRuns",
    "PrintSummary",
    "RunTree",
]
