"""The commands that this project adds to Kedro's. Light: each imports what it needs."""

import os
import sys

import click
from kedro.framework.startup import ProjectMetadata


@click.group(name="Autoencoder Lab")
def cli() -> None:
    """Commands of this project."""


def _as_list(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> list[str | int] | None:
    """Return what commas part: whole numbers as such."""
    if value is None:
        return None
    items = [item.strip() for item in value.split(",") if item.strip()]
    return [int(item) if item.isdecimal() else item for item in items]


@cli.command()
@click.option("--datasets", callback=_as_list, help="Data sets, as mnist,digits.")
@click.option("--variants", callback=_as_list, help="Variants, as linear,stacked.")
@click.option("--seeds", callback=_as_list, help="Seeds, as 1,2,3.")
@click.option("--run-key", help="A name for the study: of its folders and its parent run.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="as many as there are cores",
    help="How many cells run at once.",
)
@click.option("--env", "-e", help="Kedro's configuration environment.")
@click.option("--dry-run", is_flag=True, help="List the cells and which are done; run none.")
@click.pass_obj
def study(
    metadata: ProjectMetadata, /, jobs: int, env: str | None, dry_run: bool, **options: object
) -> None:
    """Run each data set with each variant and each seed, then compare them.

    What is not given as an option is read from conf/<env>/study.yml. Each cell is a `kedro run` of
    its own, all under one run key. Cells that are done are skipped, so that the same command goes
    on where a study was interrupted; a cell that fails leaves the others alone.
    """
    from rich.console import Console

    from autoencoder_lab.signals import signals_raise
    from autoencoder_lab.study import plan_study, run_study, show_plan

    console = Console(highlight=False, markup=False, soft_wrap=True)
    given = {name: value for name, value in options.items() if value is not None}
    planned = plan_study(metadata.project_path, env, given)
    if dry_run:
        show_plan(planned, console)
        return
    try:
        with signals_raise():
            succeeded = run_study(planned, console, n_jobs=jobs)
    except (KeyboardInterrupt, SystemExit) as interruption:
        console.print("Interrupted. What is done is kept; the same command goes on from there.")
        sys.exit(getattr(interruption, "code", None) or 130)
    sys.exit(0 if succeeded else 1)
