"""Kedro's settings: hooks and configuration loader.

https://docs.kedro.org/en/stable/configure/configuration_basics/
"""

from autoencoder_lab.session.startup import start_up

start_up()  # before what follows is imported

from autoencoder_lab import cells, tracking  # noqa: E402
from autoencoder_lab.session import variants  # noqa: E402
from autoencoder_lab.session.atomic_writes import AtomicWrites  # noqa: E402
from autoencoder_lab.session.config_loader import ConfigLoader  # noqa: E402
from autoencoder_lab.session.fit_progress import ShowFits  # noqa: E402
from autoencoder_lab.session.input_check import CheckInput  # noqa: E402
from autoencoder_lab.session.session import ExperimentSession  # noqa: E402
from autoencoder_lab.session.tensorflow_setup import SetUpTensorflow  # noqa: E402

SESSION_CLASS = ExperimentSession

# kedro-mlflow's hook is replaced by `tracking`, which explains why. What Kedro-Viz' hooks write to
# `.viz` of each run is in MLflow.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow", "kedro-viz")

_cells = cells.Cells()
_runs = tracking.RunTree()
_outputs = tracking.LogOutputs(_runs, _cells)
_champions = tracking.KeepChampions(_runs)

# In the order in which they are called, but that wrappers (`@hook_impl(wrapper=True)`) are called
# before all others. They check, begin and end: what they begin is there for all that follow, and
# ends once these are done.
_in_order = (
    CheckInput(),
    SetUpTensorflow(),
    AtomicWrites(),
    ShowFits(),
    cells.PlanCells(_cells),
    tracking.MakeStoreForPages(),
    tracking.MlflowRuns(_runs, _cells),
    cells.KeepCells(_cells),
    cells.ShareResults(_cells),
    cells.KeepFits(_cells),
    _outputs,
    tracking.LogNodes(_runs, _cells),
    tracking.LogLineage(_runs, _cells),
    tracking.LogFiles(_runs, _cells),
    tracking.LogMachine(_runs),
    tracking.DescribeRuns(_runs, _cells, _outputs),
    _champions,
    tracking.PrintSummary(_runs, _outputs, _champions),
)
HOOKS = _in_order[::-1]  # pluggy calls first what is registered last

CONFIG_LOADER_CLASS = ConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*"], "study": ["study*"], "search": ["search*"]},
    # An environment changes single parameters, not the whole block that they are in.
    "merge_strategy": dict.fromkeys(("parameters", "globals", "mlflow", "study"), "soft"),
    "custom_resolvers": {
        "parameters": variants.configured,
        # Leaves out a folder that has no name, and the slash that may end one.
        "folders": lambda *names: "/".join(
            str(name).rstrip("/") for name in names if name is not None
        ),
    },
}
