"""Trying parameters, one fit after the other, each a run below that of the search."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import optuna
import pandas as pd
import yaml
from filelock import FileLock, Timeout
from mlflow.entities import Param
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from rich.console import Console

from autoencoder_lab.comparison.promotion import ValidationData
from autoencoder_lab.failures import BadInput
from autoencoder_lab.figures.search import search_history
from autoencoder_lab.images import seeds
from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import (
    JointParams,
    VariantParams,
    as_logged,
    find_infeasible,
    flatten,
)
from autoencoder_lab.parameters.problems import WrongParameters
from autoencoder_lab.pipelines.training.nodes import train_autoencoder
from autoencoder_lab.session.progress_bar import progress_bar
from autoencoder_lab.tracking.runs.command_run import command_run, log_values
from autoencoder_lab.tracking.runs.outage import ERRORS
from autoencoder_lab.tracking.runs.search import find_runs
from autoencoder_lab.tracking.store.config import without_password
from autoencoder_lab.tracking.store.opening import writing_to
from autoencoder_lab.training.progress import Milestone, listen

from .plan import Search
from .space import as_variant, suggest

N_RANDOM = 10
"""Trials before the sampler learns from those before."""

N_BEFORE_PRUNING = 5
"""Trials after which one is given up where its validation loss is worse than the median's."""

SHARE_BEFORE_PRUNING = 10
"""Per cent of a fit before which no trial is given up."""

OVER = (TrialState.COMPLETE, TrialState.PRUNED)


def run_search(search: Search, console: Console) -> None:
    """Try what there is to try, from where it was left, and print the best block of parameters.

    Raises:
        BadInput: A search of this name was of something else, or no trial came to its end.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with _alone(search), _tracking(search):
        study = _open(search)
        best, run_id = _run_trials(search, study, console)
    console.print(f"{search.metric} {study.best_value:.6g}, by trial {study.best_trial.number}:\n")
    console.print(best)
    address = without_password(search.client.tracking_uri)
    console.print(f"Run {run_id} in {address}, with a run for each trial")


def _run_trials(search: Search, study: optuna.Study, console: Console) -> tuple[str, str]:
    """Return the best block, as YAML, and the run of the search."""
    title, experiment_id = f"search {search.variant}", search.experiment.experiment_id
    tags = {"search": search.name, "dataset_searched": search.dataset}
    before = _run_of_before(search, study)
    with command_run(search.client, experiment_id, title, tags, go_on=before) as run_id:
        study.set_user_attr("run_id", run_id)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)  # it was interrupted
        with progress_bar(console, disable=not console.is_terminal) as bar:
            task = bar.add_task("trials", total=search.n_trials, beside="")
            while (n_over := _n_over(study)) < search.n_trials:
                bar.update(task, completed=n_over, beside=_best_in_words(study, search))
                _try(search, study, run_id)
        return _log_results(search, study, run_id), run_id


@contextmanager
def _alone(search: Search) -> Iterator[None]:
    """Let no other process of this machine be at the same search."""
    lock = FileLock(f"{search.journal}.search.lock", timeout=0)
    try:
        search.journal.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise BadInput(
            f"another process is at the search {search.name}: wait until it has ended, or choose "
            "another --name"
        ) from error
    except OSError as error:
        place = search.journal.parent
        raise BadInput(f"trials cannot be kept in {place}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _tracking(search: Search) -> Iterator[None]:
    """Say in one line where the tracking server is lost, or does not permit it."""
    try:
        with writing_to(search.experiment):
            yield
    except ERRORS as error:
        raise BadInput(
            f"the trial could not be tracked: {error}\nWhat is done is kept; the same command goes "
            "on from there"
        ) from error


def _open(search: Search) -> optuna.Study:
    """Return the study of a search's name, made where there is none."""
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(search.journal))),
        study_name=search.name,
        direction="minimize" if _is_lower_better(search) else "maximize",
        pruner=MedianPruner(n_startup_trials=N_BEFORE_PRUNING, n_warmup_steps=SHARE_BEFORE_PRUNING),
        load_if_exists=True,
    )
    facts = json.loads(json.dumps(search.facts))
    before = study.user_attrs.get("facts", facts)
    if others := [key for key in facts if before.get(key) != facts[key]]:
        raise BadInput(
            f"the search {search.name} was of other {', '.join(others)}: set it as it was, or "
            "choose another --name"
        )
    study.set_user_attr("facts", facts)
    return study


def _run_of_before(search: Search, study: optuna.Study) -> str | None:
    """Return the run of a search that is gone on with, unless somebody has deleted it."""
    run_id: str | None = study.user_attrs.get("run_id")
    condition = f"attributes.run_id = '{run_id}'"
    return (
        run_id
        if any(find_runs(search.client, search.experiment.experiment_id, condition))
        else None
    )


def _try(search: Search, study: optuna.Study, parent: str) -> None:
    """Fit with some parameters, and tell what came of it."""
    # By how many are over, so that it does not matter where a search was interrupted.
    [own] = seeds.derive(search.seed, f"trial {_n_over(study)}")
    study.sampler = TPESampler(seed=own, n_startup_trials=N_RANDOM)
    trial = study.ask()
    block = suggest(trial, search.block, search.space)
    tags = {MLFLOW_PARENT_RUN_ID: parent, "search": search.name, "trial": str(trial.number)}
    experiment_id = search.experiment.experiment_id
    with command_run(search.client, experiment_id, f"trial {trial.number}", tags) as run_id:
        params = [Param(key, as_logged(value)) for key, value in flatten(block).items()]
        search.client.log_batch(run_id, params=params)
        try:
            value = _measure(search, _feasible(search, block), trial, run_id)
            if not math.isfinite(value):
                raise FloatingPointError(f"{search.metric} is {value}")
        except (optuna.TrialPruned, WrongParameters, FloatingPointError) as error:
            search.client.set_tag(run_id, "given_up", str(error) or "worse than most")
            study.tell(trial, state=TrialState.PRUNED)
            return
        log_values(search.client, run_id, {search.metric: value})
        study.tell(trial, value)


def _feasible(search: Search, block: Mapping[str, Any]) -> VariantParams:
    """Return what is tried.

    Raises:
        WrongParameters: Values that are allowed are not so together, or not for these images.
    """
    variant = as_variant(block)
    height, width, channels = search.splits["train_images"].shape[1:]
    if problems := list(find_infeasible(variant, (height, width, channels))):
        raise WrongParameters(problems)
    return variant


def _measure(search: Search, variant: VariantParams, trial: optuna.Trial, run_id: str) -> float:
    """Fit, and return what is sought, of the validation images."""
    can_prune = _compares_losses(search, variant)

    def watch(milestone: Milestone) -> None:
        log_values(search.client, run_id, milestone.losses, step=milestone.number)
        if can_prune:
            # In the direction of what is sought, and by how much of the fit is over: of small
            # batches, an epoch has more steps.
            loss = milestone.losses["val/loss"] * (1 if _is_lower_better(search) else -1)
            trial.report(loss, 100 * milestone.number // milestone.of)
            if trial.should_prune():
                raise optuna.TrialPruned

    listen("search", watch)
    splits = search.splits
    data = ValidationData(
        splits["train_images"],
        splits["train_labels"],
        splits["validation_images"],
        splits["validation_labels"],
    )
    fitted = train_autoencoder(data.train_images, data.images, variant, search.seed)
    return data.score(search.metric, fitted["model"])


def _is_lower_better(search: Search) -> bool:
    return contract.find(search.metric).better == "lower"


def _compares_losses(search: Search, variant: VariantParams) -> bool:
    """Whether the validation loss of all trials means the same, from one phase."""
    of_loss = ("training.loss", "training.corruption", "training.sparsity", "training.strategy")
    is_joint = isinstance(variant.training.strategy, JointParams)
    return is_joint and not any(key.startswith(of_loss) for key in search.space)


def _n_over(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=OVER))


def _best_in_words(study: optuna.Study, search: Search) -> str:
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return ""
    return f"best: {search.metric} {study.best_value:.6g}"


def _log_results(search: Search, study: optuna.Study, run_id: str) -> str:
    """Log the trials, their history and the best block, and return this as YAML.

    Raises:
        BadInput: No trial came to its end.
    """
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise BadInput(f"none of {_n_over(study)} trials came to its end: see why in their runs")
    block = suggest(study.best_trial, search.block, search.space)
    best = yaml.safe_dump(
        {f"{search.variant}_best": block}, sort_keys=False, default_flow_style=None
    )
    trials = _as_table(study)
    figure = search_history(trials, metric=search.metric, is_lower_better=_is_lower_better(search))
    with TemporaryDirectory() as folder:
        (Path(folder) / "best.yml").write_text(best)
        trials.to_csv(Path(folder) / "trials.csv", index=False)
        with (Path(folder) / "history.png").open("wb") as file:
            figure.savefig(file)
        search.client.log_artifacts(run_id, folder, "search")
    log_values(search.client, run_id, {f"search/{search.metric}": study.best_value})
    return best


def _as_table(study: optuna.Study) -> pd.DataFrame:
    """Return a row for each trial that is over: its number, value, and what it tried."""
    rows: list[dict[str, Any]] = [
        {
            "trial": trial.number,
            # Of one that was given up, Optuna has its last loss.
            "value": trial.value if trial.state == TrialState.COMPLETE else None,
            **trial.params,
        }
        for trial in study.get_trials(deepcopy=False, states=OVER)
    ]
    return pd.DataFrame(rows)
