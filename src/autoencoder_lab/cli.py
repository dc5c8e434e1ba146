"""The commands that this project adds to Kedro's. Light: each imports what it needs."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any, Literal

import click
from kedro.framework.cli.jupyter import jupyter as kedro_jupyter
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.startup import ProjectMetadata

if TYPE_CHECKING:
    from autoencoder_lab.comparison.tolerance import Tolerance

env_of_store = click.option(
    "--env", "-e", help="Kedro's configuration environment, which names the store."
)


@click.group(name="Autoencoder Lab")
def cli() -> None:
    """Commands of this project."""


def _run() -> click.Command:
    """Return Kedro's `run`, whose `--params` keep names as they are typed."""
    command = copy(kedro_run)
    command.params = [copy(option) for option in kedro_run.params]
    [params] = [option for option in command.params if option.name == "params"]
    read = params.callback
    assert read is not None

    def read_typed(context: click.Context, option: click.Parameter, value: Any) -> Any:
        from autoencoder_lab.session.typed_params import names_as_text

        return read(context, option, names_as_text(value) if isinstance(value, str) else value)

    params.callback = read_typed
    return command


def _jupyter() -> click.Command:
    """Return Kedro's `jupyter`, which says what is not installed: Kedro loses its own error."""
    group = copy(kedro_jupyter)
    group.commands = {name: copy(command) for name, command in group.commands.items()}
    for name, package in (("lab", "jupyterlab"), ("notebook", "notebook")):
        command = group.commands[name]
        assert command.callback is not None
        command.callback = _requiring(package, command.callback)
    return group


def _requiring(package: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*args: Any, **kwargs: Any) -> Any:
        _require(package)
        return callback(*args, **kwargs)

    return checked


def _require(package: str) -> None:
    if find_spec(package) is None:
        pip = shlex.join([sys.executable, "-m", "pip", "install", package])
        raise click.ClickException(f"{package} is not installed: {pip}")


cli.add_command(_run())
cli.add_command(_jupyter())


@contextmanager
def _interruptible(kept: str) -> Iterator[None]:
    """Let Ctrl-C, or a signal to end, unwind what is done, and say what is left of it."""
    from autoencoder_lab.session.signals import signals_raise

    try:
        with signals_raise():
            yield
    except (KeyboardInterrupt, SystemExit) as interruption:
        click.echo(f"Interrupted. {kept}")
        sys.exit(getattr(interruption, "code", None) or 130)


def _as_names(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> list[str] | None:
    """Return what commas part, as text: 007 is no number."""
    if value is None:
        return None
    return [item.strip() for item in value.split(",") if item.strip()]


def _as_seeds(
    context: click.Context, option: click.Parameter, value: str | None
) -> list[str | int] | None:
    """Return what commas part: whole numbers as such."""
    names = _as_names(context, option, value)
    if names is None:
        return None
    return [int(name) if name.isdecimal() else name for name in names]


@cli.command()
@click.option("--datasets", callback=_as_names, help="Data sets, as mnist,digits.")
@click.option("--variants", callback=_as_names, help="Variants, as linear,stacked.")
@click.option("--seeds", callback=_as_seeds, help="Seeds, as 1,2,3.")
@click.option("--run-key", help="A name for the study: of its folders and its parent run.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    show_default="as many as there are cores",
    help="How many cells run at once.",
)
@click.option("--env", "-e", help="Kedro's configuration environment.")
@click.option("--params", help="Other parameters, as kedro run --params takes them.")
@click.option("--dry-run", is_flag=True, help="List the cells and which are done; run none.")
@click.option(
    "--json", "as_json", is_flag=True, help="With --dry-run: all of it as JSON, in the last line."
)
@click.option(
    "--verdict", is_flag=True, help="Say how cells whose processes have ended are; run none."
)
@click.pass_obj
def study(
    metadata: ProjectMetadata,
    /,
    jobs: int | None,
    env: str | None,
    dry_run: bool,
    as_json: bool,
    verdict: bool,
    **options: object,
) -> None:
    """Run each data set with each variant and each seed, then compare them.

    What is not given as an option is read from conf/<env>/study.yml. Each cell is a `kedro run` of
    its own, all under one run key. Cells that are done are skipped, so that the same command goes
    on where a study was interrupted; a cell that fails leaves the others alone.

    A scheduler may run the commands that --dry-run --json lists, on several machines. After the
    last of them, --verdict ends what a lost machine has left RUNNING, and exits with 1 where
    anything is not FINISHED.
    """
    from rich.console import Console

    from autoencoder_lab.cells.environment import usable_cores
    from autoencoder_lab.commands.study import (
        give_verdict,
        plan_study,
        read_study,
        run_study,
        show_plan,
    )

    console = Console(highlight=False, markup=False, soft_wrap=True)
    given = {name: value for name, value in options.items() if value is not None}
    if verdict:
        succeeded = give_verdict(read_study(metadata.project_path, env, given), console)
        sys.exit(0 if succeeded else 1)
    planned = plan_study(metadata.project_path, env, given)
    if dry_run and as_json:
        click.echo(json.dumps(planned.commands()))
        return
    if dry_run:
        show_plan(planned, console)
        return
    with _interruptible("What is done is kept; the same command goes on from there."):
        succeeded = run_study(planned, console, n_jobs=jobs or usable_cores())
    sys.exit(0 if succeeded else 1)


def _as_tolerance(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> "Tolerance":
    from autoencoder_lab.comparison.tolerance import BETWEEN_PROCESSORS, within

    if value == "processors":
        return BETWEEN_PROCESSORS
    try:
        relative = float(value or 0)
    except ValueError:
        relative = -1
    if not relative >= 0:
        raise click.BadParameter(f"{value!r}; allowed: a number from 0, or 'processors'")
    return within(relative)


@cli.command()
@click.argument("run_id")
@click.option(
    "--tolerance",
    callback=_as_tolerance,
    metavar="NUMBER | processors",
    show_default="bit for bit",
    help="What counts as equal: the largest relative difference, as 1e-6, or, of each metric, what "
    "it was seen to differ by between processors.",
)
@click.option("--allow-other-code", is_flag=True, help="Run the code that is here instead.")
@click.option("--allow-other-data", is_flag=True, help="Run although the images have changed.")
@click.option("--allow-other-environment", is_flag=True, help="Run with other packages.")
@click.option("--trust", is_flag=True, help="Run uncommitted code of others without asking.")
@env_of_store
@click.pass_obj
def replay(
    metadata: ProjectMetadata,
    /,
    run_id: str,
    tolerance: "Tolerance",
    allow_other_code: bool,
    allow_other_data: bool,
    allow_other_environment: bool,
    trust: bool,
    env: str | None,
) -> None:
    """Make the run RUN_ID again, and say whether its numbers are the same.

    It is made from what it says of itself: commit and uncommitted changes, parameters, seed, and
    the digest of its data, in a clone of its own that leaves your files alone. Where code, data or
    packages are not as they were, that is refused with a line each. Uncommitted changes that are
    not here are shown, and run only if you agree. The replay is a run, too, and links to the
    original. The exit status is 1 where a number is not equal.
    """
    from rich.console import Console

    from autoencoder_lab.commands.replay import Allowed, plan_replay, require_trust, run_replay
    from autoencoder_lab.session.signals import signals_raise

    allowed = Allowed(allow_other_code, allow_other_data, allow_other_environment)
    planned = plan_replay(metadata.project_path, env, run_id, allowed)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if planned.is_foreign and not trust:
        require_trust(planned, console)
    with signals_raise():
        is_equal = run_replay(planned, console, tolerance=tolerance)
    sys.exit(0 if is_equal else 1)


@cli.command()
@click.argument("model")
@click.argument("images", required=False)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder for what is made.",
)
@click.option(
    "--reconstructions",
    "form",
    type=click.Choice(["png", "npz"]),
    help="Write these, too: an image each, or one array; of noisy images they are denoised.",
)
@click.option(
    "--nearest",
    "n_nearest",
    type=click.IntRange(1),
    help="List so many training images whose codings are nearest to each image's.",
)
@click.option(
    "--params",
    help="How new images are read, where not as training images, as ingest.fit=crop; also "
    "ingest.pattern, background and brightest.",
)
@env_of_store
@click.pass_obj
def apply(
    metadata: ProjectMetadata,
    /,
    model: str,
    images: str | None,
    folder: Path,
    form: Literal["png", "npz"] | None,
    n_nearest: int | None,
    params: str | None,
    env: str | None,
) -> None:
    """Apply a trained MODEL to IMAGES: codings, errors, reconstructions, nearest images.

    MODEL is a registered one, as models:/autoencoder-mnist@champion, or the id of a run. IMAGES is
    a folder, a .zip, an .npz (its key: images), an IDX file or one image, here or on an object
    store; they are brought to the shape that the model takes as its training images were. Without
    IMAGES, it is applied to those that it was trained and tested on.

    The folder gets images.parquet, a row for each image: its name, its coding, the squared error of
    its reconstruction (high for anomalies) and, of a classifier, the class. A run that links to the
    model is tracked.
    """
    from rich.console import Console

    from autoencoder_lab.commands.apply import plan_apply, run_apply

    console = Console(highlight=False, markup=False, soft_wrap=True)
    with _interruptible(f"{folder} has all of it, or nothing."):
        planned = plan_apply(
            metadata.project_path,
            env,
            model,
            images,
            folder,
            form=form,
            n_nearest=n_nearest,
            params=params,
        )
        run_apply(planned, console)


@cli.command()
@click.argument("variant")
@click.option(
    "--trials",
    type=click.IntRange(1),
    show_default="as search.yml says",
    help="How many are tried, those of before included.",
)
@click.option("--name", show_default="the variant's", help="A name for the search, to go on with.")
@click.option("--params", help="Parameters, as kedro run --params takes them: dataset, seed, ….")
@click.option("--env", "-e", help="Kedro's configuration environment.")
@click.pass_obj
def search(
    metadata: ProjectMetadata,
    /,
    variant: str,
    params: str | None,
    env: str | None,
    **options: object,
) -> None:
    """Look for better parameters of VARIANT, and print the best as a block to paste.

    What is tried is in conf/<env>/search.yml, by Optuna's tree-structured Parzen estimator; what is
    sought is promotion.metric of the validation images. The test images are not looked at. Each
    trial is a fit, and a run below that of the search; one that is worse than most after an epoch
    is given up. The same command goes on where a search was interrupted.
    """
    from rich.console import Console

    from autoencoder_lab.session.threads import one_thread_a_sum

    _require("optuna")
    from autoencoder_lab.commands.search import plan_search, run_search

    console = Console(highlight=False, markup=False, soft_wrap=True)
    given = {name: value for name, value in options.items() if value is not None}
    with _interruptible("The same command goes on from there."), one_thread_a_sum():
        planned = plan_search(metadata.project_path, env, variant, given, params=params)
        run_search(planned, console)


@cli.command()
@env_of_store
@click.pass_obj
def adopt(metadata: ProjectMetadata, /, env: str | None) -> None:
    """Go on with the runs of a project that was moved or copied.

    MLflow names the artifacts of runs and models by their absolute addresses. They are all changed
    to those in this project; a copy and its original then go their own ways.
    """
    from kedro.framework.session import KedroSession

    from autoencoder_lab.tracking.store.adoption import adopt_artifacts

    session = KedroSession.create(project_path=metadata.project_path, env=env)
    context: Any = session.load_context()
    click.echo(adopt_artifacts(context.mlflow, context))


@cli.command()
@env_of_store
@click.pass_obj
def upload(metadata: ProjectMetadata, /, env: str | None) -> None:
    """Copy the runs of the embedded store to the server of an environment.

    The store is that of runs without --env, in mlruns. Runs that are there already are skipped, so
    that the same command goes on where it was interrupted. On the server, runs and models have
    other ids: the tag uploaded_from has the old ones. Of registered models, those are copied that
    the server has not.
    """
    from rich.console import Console

    from autoencoder_lab.commands.upload import plan_upload, run_upload

    console = Console(highlight=False, markup=False, soft_wrap=True)
    planned = plan_upload(metadata.project_path, env)
    with _interruptible("What is copied is kept; the same command goes on from there."):
        run_upload(planned, console)


@cli.command()
@env_of_store
@click.option(
    "--log-results",
    "logs_results",
    is_flag=True,
    help="Log the results that no run holds, as after an outage of a server; none is recomputed.",
)
@click.pass_obj
def doctor(metadata: ProjectMetadata, /, env: str | None, logs_results: bool) -> None:
    """Check the set-up, and say what to do where something is wrong.

    Packages against the lock, checksums of the data, decoded images, disk space, configuration,
    the store of runs, runs that nobody runs, models that are gone, and results on disk that no run
    holds. The exit status is 1 where there is a problem.
    """
    from rich.console import Console

    from autoencoder_lab.commands.doctor import Problem, examine, log_results
    from autoencoder_lab.session.signals import signals_raise

    console = Console(highlight=False, markup=False, soft_wrap=True)
    problems: list[Problem] = []
    for check in examine(metadata.project_path, env):
        problems += check.problems
        mark, style = ("\N{BALLOT X}", "red") if check.problems else ("\N{CHECK MARK}", "green")
        console.print(f"{mark} {check.name:13} {check.looked_at}", style=style)
        for problem in check.problems:
            console.print(indent(problem.text, "    "))
            if problem.remedy:
                console.print(f"      \N{RIGHTWARDS ARROW} {problem.remedy}")
    if logs_results:
        with signals_raise():
            is_sound = log_results(problems, metadata.project_path)
    else:
        is_sound = not problems
    sys.exit(0 if is_sound else 1)
