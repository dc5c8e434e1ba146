"""Retraining on a schedule: a DAG for each entry of schedules.yml.

A run of one is an occasion: the cells of a study, and how they compare. Each task is a line that a
person could type; which lines there are, `kedro study` knows.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param, TriggerRule, task
from airflow.sdk.exceptions import ParamValidationError
from airflow.sdk.types import DagRunProtocol as DagRun
from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance

PROJECT = Path(__file__).resolve().parents[2]
KEDRO = ".venv/bin/kedro"
VARIANTS = sorted(file.stem for file in (PROJECT / "conf/base/parameters").glob("*.yml"))

# A line whose worker is killed ends, too, or it would go on beside its retry. Linux only.
BOUND = "exec setpriv --pdeathsig TERM " if shutil.which("setpriv") else "exec "


@task
def plan(params: Mapping[str, Any], dag_run: DagRun, ti: TaskInstance) -> list[dict[str, Any]]:
    """Return the lines of the cells, and push those of the other tasks.

    What cannot be run is refused here, before anything is.
    """
    run_id = dag_run.run_id.removesuffix("+00:00")
    run_key = re.sub(r"[^\w.-]", "", f"{dag_run.dag_id}-{run_id}")
    options = {
        "run-key": run_key,
        "datasets": params["dataset"],
        "variants": ",".join(params["variants"] or ()),
        "seeds": params["seeds"],
        "env": params["env"],
        "params": params["params"],
    }
    study = ["study", *(f"--{name}={value}" for name, value in options.items() if value)]
    dry_run = [KEDRO, *study, "--dry-run", "--json"]
    printed = subprocess.run(dry_run, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    commands = json.loads(printed.stdout.splitlines()[-1])
    ti.xcom_push("ingest", _lines(commands["ingest"]))
    ti.xcom_push("comparison", _lines(commands["comparison"]))
    ti.xcom_push("verdict", _line([*study, "--verdict"]))
    several = len(commands["comparison"]) > 1
    return [
        {"bash_command": _line(cell["command"]), "env": {"CELL": _name(cell, several=several)}}
        for cell in commands["cells"]
    ]


def _line(arguments: list[str]) -> str:
    return BOUND + shlex.join([KEDRO, *arguments])


def _lines(commands: list[list[str]]) -> str:
    """Return a line that runs all commands, a data set each, and fails if one has failed."""
    if len(commands) == 1:
        return _line(commands[0])
    each = [f"({_line(command)}) || failed=1" for command in commands]
    return "; ".join([*each, "exit ${failed:-0}"])


def _name(cell: Mapping[str, Any], *, several: bool) -> str:
    name = f"{cell['variant']} {cell['seed']}"
    return f"{cell['dataset']} {name}" if several else name


AFTER_PLAN = TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
"""Whatever became of other tasks: the plan's success is enough."""

FORM: dict[str, dict[str, Any]] = {
    "dataset": {
        "type": "string",
        "description": "A folder of raw images, or digits; or several, as mnist,digits.",
    },
    "variants": {
        "type": ["null", "array"],
        "examples": VARIANTS,
        "description": "None chosen: all.",
    },
    "seeds": {"type": "string", "pattern": r"^\d+(,\d+)*$", "description": "As 42,43,44."},
    "env": {
        "type": ["null", "string"],
        "description": "Kedro's configuration environment, as smoke.",
    },
    "params": {"type": ["null", "string"], "description": "Others, as stacked.training.epochs=20."},
}


def _fill_form(dag: str, entry: Mapping[str, Any]) -> dict[str, Param]:
    """Return what the form of a DAG shows, or say what is wrong: Airflow names no key."""
    if entry.keys() != {"schedule", *FORM}:
        wanted = ", ".join(["schedule", *FORM])
        raise ValueError(f"{dag} in schedules.yml names {', '.join(entry)}; allowed: {wanted}")
    form = {key: Param(entry[key], **field) for key, field in FORM.items()}
    for key, param in form.items():
        try:
            param.resolve()
        except ParamValidationError as error:
            reason = str(error).partition("\n")[0]
            raise ValueError(f"{dag}.{key} in schedules.yml is wrong: {reason}") from error
    return form


for name, entry in yaml.safe_load(Path(__file__).with_name("schedules.yml").read_text()).items():
    with DAG(
        name,
        schedule=entry["schedule"],
        catchup=False,
        max_active_tasks=1000,  # how many run at once, the workers say
        doc_md=__doc__,
        params=_fill_form(name, entry),
    ):
        cells = plan()
        kedro = {"cwd": str(PROJECT), "append_env": True, "do_xcom_push": False}
        ingest = BashOperator(task_id="ingest", bash_command=cells["ingest"], **kedro)
        train = BashOperator.partial(
            task_id="train", map_index_template="{{ task.env['CELL'] }}", **kedro
        ).expand_kwargs(cells)
        comparison = BashOperator(
            task_id="comparison",
            bash_command=cells["comparison"],
            trigger_rule=AFTER_PLAN,
            **kedro,
        )
        # The last task is the DAG's state: it fails if anything did.
        verdict = BashOperator(
            task_id="verdict",
            bash_command=cells["verdict"],
            trigger_rule=AFTER_PLAN,
            retries=0,
            **kedro,
        )
        ingest >> train >> comparison >> verdict
