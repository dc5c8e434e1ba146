"""Opening the store of runs, and creating the embedded one if it does not exist."""

import logging
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from filelock import FileLock
from kedro.framework.context import KedroContext
from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig
from mlflow import MlflowClient
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, PERMISSION_DENIED, ErrorCode
from mlflow.utils.credentials import read_mlflow_creds
from sqlalchemy.exc import SQLAlchemyError

from autoencoder_lab.failures import BadInput

from .config import ADDRESS, SQLITE, embedded_store, without_password
from .server import require_fitting_server

logger = logging.getLogger(__name__)

ADDRESSES = (ADDRESS, "MLFLOW_REGISTRY_URI")

NO_RETRIES = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}


def open_experiment(
    config: KedroMlflowConfig, context: KedroContext
) -> tuple[MlflowClient, Experiment]:
    """Return a client of the configured store, and the experiment, made where it is missing.

    Raises:
        BadInput: The store cannot be opened, or the experiment of an embedded store keeps its
            artifacts elsewhere.
    """
    client, experiment = set_up(config, context)
    store = embedded_store(config)
    configured = config.tracking.experiment.create_experiment_kwargs.artifact_location
    if store is not None and experiment.artifact_location != configured:
        environment = f" --env={context.env}" if context.env else ""
        raise BadInput(
            f"the runs in {store} keep their artifacts in {experiment.artifact_location}, not in "
            f"{configured}: the project has been moved or copied. To go on with its runs here: "
            f"kedro adopt{environment}. To start afresh: empty mlruns/"
        )
    return client, experiment


def open_embedded(config: KedroMlflowConfig) -> tuple[MlflowClient, Experiment]:
    """Return a client of an embedded store, and the experiment; make neither.

    What MLflow does without such a client goes where it went before.

    Raises:
        BadInput: There is no such store, no runs are in it, or it cannot be opened.
    """
    store, server = embedded_store(config), config.server
    if store is None:
        address = without_password(server.mlflow_tracking_uri)
        raise BadInput(f"there is no embedded store: without --env, runs are on {address}")
    experiment = None
    if store.exists():
        registry = server.mlflow_registry_uri or server.mlflow_tracking_uri
        try:
            client = MlflowClient(server.mlflow_tracking_uri, registry)
            experiment = client.get_experiment_by_name(config.tracking.experiment.name)
        except (MlflowException, OSError, SQLAlchemyError) as error:
            raise BadInput(_why_closed(config, error)) from error
    if experiment is None:
        raise BadInput(f"there are no runs in {store}")
    return client, experiment


def set_up(config: KedroMlflowConfig, context: KedroContext) -> tuple[MlflowClient, Experiment]:
    """Return a client and the experiment as `open_experiment` does, wherever its artifacts are.

    Raises:
        BadInput: The store cannot be opened.
    """
    store = embedded_store(config)
    given = {name: os.environ.get(name) for name in ADDRESSES}  # MLflow sets the first
    try:
        with _whole_store(store), _no_retries():
            _set_up_experiment(config, context)
            server = config.server
            registry = server.mlflow_registry_uri or server.mlflow_tracking_uri
            mlflow.set_registry_uri(registry)  # or a variable would say where champions are
            address = str(server.mlflow_tracking_uri)
            if address.startswith("http"):
                require_fitting_server(address)
    except (MlflowException, OSError, SQLAlchemyError) as error:
        raise BadInput(_why_closed(config, error)) from error
    for name, used in zip(ADDRESSES, (server.mlflow_tracking_uri, registry), strict=True):
        _warn_of_variable(name, given[name], str(used))
    client = MlflowClient()  # of the server that has just been set up
    experiment = client.get_experiment_by_name(config.tracking.experiment.name)
    assert experiment is not None  # or setting up the server has failed
    return client, experiment


@contextmanager
def writing_to(experiment: Experiment) -> Iterator[None]:
    """Say in one line where the user may not write to an experiment.

    Raises:
        BadInput: The tracking server does not permit it.
    """
    try:
        yield
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(PERMISSION_DENIED):
            raise
        user = read_mlflow_creds().username or "this user"
        raise BadInput(
            f"the tracking server does not let {user} write to the experiment {experiment.name}: "
            "who manages it can permit it (EDIT), as docs/team.md says"
        ) from error


@contextmanager
def storing_first_files() -> Iterator[None]:
    """Say in one line where there is no room for files, before anything is computed.

    Raises:
        BadInput: The server, or the folder of the embedded store's artifacts, takes no files.
    """
    try:
        yield
    except (MlflowException, OSError) as error:
        raise BadInput(
            f"files cannot be stored with the run, so nothing is computed: {error}. Is there room "
            "where the artifacts are, and may they be written there?"
        ) from error


def _set_up_experiment(config: KedroMlflowConfig, context: KedroContext) -> None:
    """Let kedro-mlflow set up client and experiment; that it restores a deleted one is said."""
    settings = config.tracking.experiment
    restores, settings.restore_if_deleted = settings.restore_if_deleted, False
    try:
        config.setup(context)
    except MlflowException as error:
        if not restores or error.error_code != ErrorCode.Name(INVALID_PARAMETER_VALUE):
            raise
        settings.restore_if_deleted = True
        config.setup(context)
        logger.warning(
            "The experiment %s had been deleted: it is restored, with its runs. To start afresh: "
            "tracking.experiment.name in mlflow.yml",
            settings.name,
        )
    settings.restore_if_deleted = restores


def _warn_of_variable(name: str, given: str | None, used: str) -> None:
    """Say that a variable by which MLflow's own commands find a store is not what is used."""
    if given and given != used:
        logger.warning(
            "%s is %s, but runs and models go where mlflow.yml says: %s",
            name,
            without_password(given),
            without_password(used),
        )


@contextmanager
def _no_retries() -> Iterator[None]:
    """Let MLflow's client give up at once: a person waits, and nothing is lost yet."""
    before = {name: os.environ.get(name) for name in NO_RETRIES}
    os.environ.update({name: os.environ.get(name, value) for name, value in NO_RETRIES.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]


def _why_closed(config: KedroMlflowConfig, error: Exception) -> str:
    shown = without_password(str(config.server.mlflow_tracking_uri))
    code = getattr(error, "error_code", "")
    if code in {"UNAUTHENTICATED", "PERMISSION_DENIED"} or "error code 401" in str(error):
        return (
            f"the tracking server {shown} refuses the log-in: set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or write them to ~/.mlflow/credentials, as docs/team.md says"
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            f"the certificate of the tracking server {shown} is of no authority that this machine "
            "knows: MLFLOW_TRACKING_SERVER_CERT_PATH may name the authority's file"
        )
    if "valid JSON format" in str(error):
        return (
            f"the tracking server {shown} answers with a page that is not MLflow's: is a proxy or "
            "a log-in page before it? Name the address of MLflow itself in mlflow.yml"
        )
    if isinstance(error.__cause__ or error.__context__, OSError):
        return (
            f"the tracking server {shown} does not answer: start it, or name another store in "
            "mlflow.yml"
        )
    if "out-of-date database schema" in str(error):
        return (
            f"the store of runs {shown} is not of MLflow {mlflow.__version__}, which is installed. "
            f"Of an older one: make a copy of it, then mlflow db upgrade {shlex.quote(shown)}"
        )
    reason = str(error).splitlines()[0]
    return f"the store of runs {shown} cannot be opened: {reason}. Name another in mlflow.yml"


@contextmanager
def _whole_store(store: Path | None) -> Iterator[None]:
    """Make an embedded store in one piece, and let one process at a time set it up.

    MLflow fills an empty file table by table: interrupted, or begun by two processes at once,
    it leaves a store that nothing can open.
    """
    if store is None:
        yield
        return
    store.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(store.with_suffix(".lock")):
        if not store.exists():
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # takes a second

            partial = store.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            artifacts = str(store.parent / "artifacts")
            try:
                made = SqlAlchemyStore(f"{SQLITE}{partial}", artifacts)
                made.engine.dispose()
                os.replace(partial, store)
            finally:
                partial.unlink(missing_ok=True)
        yield
