"""Copying runs one after the other, and showing the progress."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from autoencoder_lab.failures import BadInput
from autoencoder_lab.session.progress_bar import progress_bar
from autoencoder_lab.tracking.runs.outage import ERRORS, is_outage
from autoencoder_lab.tracking.store.config import without_password
from autoencoder_lab.tracking.store.opening import writing_to
from autoencoder_lab.tracking.store.shared_view import keep_view, page

from .plan import Upload
from .registry import copy_registered_models
from .runs import copy_run


def run_upload(upload: Upload, console: Console) -> None:
    """Copy what is to be copied, and say so.

    Raises:
        BadInput: The user may not write there, the server was lost, or something cannot be copied.
    """
    here, there, links = upload.here, upload.there, upload.links
    progress = progress_bar(console, disable=not upload.to_copy)
    task = progress.add_task("runs", total=len(upload.to_copy), beside="")
    with progress, _copying(upload, "the shared view"):
        if upload.to_copy:
            keep_view(there.client, there.experiment)
        for run in upload.to_copy:
            name = run.info.run_name
            progress.update(task, beside=name)
            with _copying(upload, f"run {run.info.run_id} ({name})"):
                copy_run(here, there, run, upload.begun.get(run.info.run_id), links)
            progress.update(task, advance=1, beside="")
    with _copying(upload, "registered models"):
        left = [*upload.left_out, *copy_registered_models(here, there, links)]
    for sentence in left:
        console.print(f"Left out: {sentence}", style="yellow")
    address = without_password(there.client.tracking_uri)
    n_left = len(upload.left_out)
    console.print(
        f"Runs copied to {address}: {len(upload.to_copy)}; there already: {upload.n_there}; left "
        f"out: {n_left}."
    )
    console.print(f"See {address}/{page(there.experiment_id)}")


@contextmanager
def _copying(upload: Upload, what: str) -> Iterator[None]:
    """Say in one line what cannot be copied, and why."""
    client = upload.there.client
    try:
        with writing_to(upload.there.experiment):
            yield
    except ERRORS as error:
        if is_outage(error, client):
            raise BadInput(
                f"the tracking server {without_password(client.tracking_uri)} was lost: {error}\n"
                "What is copied is kept; once the server answers, the same command goes on"
            ) from error
        raise BadInput(f"{what} cannot be copied: {error}") from error
