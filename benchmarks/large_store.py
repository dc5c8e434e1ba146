"""What a store of many runs costs: the list of runs, and the commands that look runs up.

    PYTHONPATH=src python -m benchmarks.large_store [--runs 50 5000] [--stores embedded team]

In a copy of the project, two variants are trained on the digits in the environment `smoke`. Their
runs are then copied inside the database, rows, model and all, until it holds so many: half as if
made by hand, of all variants, three data sets and three seeds; four tenths as nights of a schedule,
with a run key and a parent each; a tenth as the cells of the study that the measured session is of.
The code changes every hundred runs. Beside the seconds of whole processes, the runs that each of
them reads from the store are counted. Writes `benchmarks/results/large_store.md`.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, product
from pathlib import Path
from statistics import median

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.store.tracking.dbmodels.models import (
    SqlInput,
    SqlLatestMetric,
    SqlLoggedModel,
    SqlMetric,
    SqlParam,
    SqlRun,
    SqlTag,
)
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Function,
    MetaData,
    String,
    Table,
    case,
    create_engine,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.orm import DeclarativeBase

from .processes import administrator, free_port, team_server

PROJECT = Path(__file__).parents[1]
EXPERIMENT = "autoencoder_lab"
VARIANTS = [file.stem for file in sorted((PROJECT / "conf/base/parameters").glob("*.yml"))]
TRAINED = ("linear", "stacked")
DATASETS = ("digits", "mnist", "fashion_mnist")
SEEDS = ("1", "2", "3")
STUDY = "large"
FILES = ("results.json", "tables/pretraining_scores.csv")
"""Of a run's files, those that commands look at."""
MODEL = "artifacts/model.keras"
MINUTES_APART = 10
SAME_CODE = 100

SESSION = f"run --env=smoke --pipelines=linear --params=run_key={STUDY}"
LIST = "the list of runs, as MLflow's page asks for it"
COMMANDS = {
    "comparison": "run --env=smoke --pipelines=comparison",
    "`study --dry-run`, all of its cells done": f"study --env=smoke --dry-run --run-key={STUDY} "
    f"--variants={','.join(TRAINED)} --seeds={{seeds}}",
    "doctor": "doctor --env=smoke",
    "a session of a study, its nodes done": f"{SESSION} --only-missing-outputs",
}


@dataclass(frozen=True)
class Copy:
    """A run that is to be like another, but for these facts; empty ones are left out."""

    original: str
    run_uuid: str
    model_id: str
    name: str
    dataset: str
    variant: str
    seed: str
    run_key: str
    parent: str
    code: str
    started: int


@dataclass(frozen=True)
class Row:
    """What a command takes on a store of so many runs, and how many of them it reads."""

    store: str
    size: int
    what: str
    seconds: float
    n_read: int


@dataclass(frozen=True)
class Store:
    """A project and the place of its runs.

    Attributes:
        database: The address of the database by itself.
        artifacts: The folder in which artifacts are, as addresses in the database begin.
        variables: By which sessions find the store.
    """

    folder: Path
    database: str
    artifacts: tuple[str, Path]
    variables: dict[str, str]

    def file(self, address: str) -> Path:
        """Return where an artifact's address leads."""
        begins, folder = self.artifacts
        path = address.removeprefix("file://").removeprefix(begins)
        return folder / path.lstrip("/")

    def kedro(self, command: str) -> tuple[float, dict[str, int]]:
        """Run a command; return its seconds, and what it has searched for."""
        counts = self.folder / "searches.json"
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.large_store", "--child", str(counts), command],
            cwd=self.folder,
            env={
                **os.environ,
                **self.variables,
                "PYTHONPATH": os.pathsep.join([str(self.folder / "src"), str(PROJECT)]),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            raise RuntimeError(f"kedro {command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return seconds, json.loads(counts.read_text())


def run_counting(counts: Path, command: str) -> None:
    """Run a Kedro command in this process, and write down how many runs were searched and read."""
    from kedro.framework.cli.cli import main
    from mlflow.store.tracking.rest_store import RestStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    read = {"searches": 0, "runs": 0}

    def counted(store: type) -> None:
        search = store._search_runs

        def search_and_count(self, *arguments):
            page, token = search(self, *arguments)
            read["searches"] += 1
            read["runs"] += len(page)
            return page, token

        store._search_runs = search_and_count

    counted(RestStore)
    counted(SqlAlchemyStore)
    sys.argv = ["kedro", *command.split()]
    try:
        main()
    finally:
        counts.write_text(json.dumps(read))


def plan(trained: list[Run], study: str, n_copies: int, first: int) -> Iterator[Copy]:
    """Yield the facts of so many copies, the latest first, and the parents of nights."""
    now = min(run.info.start_time for run in trained)
    by_hand = cycle(product(SEEDS, VARIANTS, DATASETS))
    at_night = cycle(product(SEEDS, VARIANTS))
    n_cells = len(SEEDS) * len(VARIANTS)
    n_by_night = 0

    def copy(original: Run, dataset: str, variant: str, seed: str, **facts: str) -> Copy:
        run_id = facts.pop("run_uuid", uuid.uuid4().hex)
        given = {"run_key": "", "parent": "", "code": f"{n // SAME_CODE:064x}", **facts}
        return Copy(
            original=original.info.run_id,
            run_uuid=run_id,
            model_id=f"m-{run_id}",
            name=f"{variant or given['run_key']} {dataset} {seed}",
            dataset=dataset,
            variant=variant,
            seed=seed,
            started=now - (n + 1) * MINUTES_APART * 60_000,
            **given,
        )

    for n in range(first, first + n_copies):
        n_of_study, place = divmod(n, 10)
        original = trained[n_of_study % len(trained)]
        own = original.data.tags
        if place == 9:
            facts = {"run_key": STUDY, "parent": study, "code": own["code_digest"]}
            seed = str(1 + n_of_study // len(trained))
            yield copy(original, "digits", own["variant"], seed, **facts)
        elif place < 5:
            seed, variant, dataset = next(by_hand)
            yield copy(original, dataset, variant, seed)
        else:
            seed, variant = next(at_night)
            night = {"run_key": f"night-{first}-{n_by_night // n_cells}"}
            parent = uuid.uuid5(uuid.NAMESPACE_OID, night["run_key"]).hex
            if n_by_night % n_cells == 0:
                yield copy(original, "mnist", "", seed, run_uuid=parent, **night)
            yield copy(original, "mnist", variant, seed, parent=parent, **night)
            n_by_night += 1


def add_copies(store: Store, copies: list[Copy]) -> None:
    """Add runs to the database, by one statement for each of its tables, and their files."""
    facts = Table(
        "benchmark_copies",
        MetaData(),
        *(
            Column(name, BigInteger if kind is int else String(64))
            for name, kind in Copy.__annotations__.items()
        ),
    )
    engine = create_engine(store.database)
    with engine.begin() as connection:
        facts.create(connection)
        connection.execute(insert(facts), [asdict(copy) for copy in copies])
        _copy_rows(connection, facts)
        facts.drop(connection)
        of_runs = select(SqlRun.run_uuid, SqlRun.artifact_uri)
        runs = {run_id: address for run_id, address in connection.execute(of_runs)}
        of_models = select(SqlLoggedModel.source_run_id, SqlLoggedModel.artifact_location)
        models = {run_id: address for run_id, address in connection.execute(of_models)}
        if engine.dialect.name == "postgresql":  # as it does by itself, after a while
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    for copy in copies:
        for addresses, files in ((models, [MODEL]), (runs, FILES)):
            before, now = (store.file(addresses[run]) for run in (copy.original, copy.run_uuid))
            for file in files:
                (now / file).parent.mkdir(parents=True, exist_ok=True)
                os.link(before / file, now / file)


def _copy_rows(connection: Connection, facts: Table) -> None:
    """Copy what tables hold of the originals, but for what the facts say."""
    of = facts.c
    run, model = SqlRun.__table__.c, SqlLoggedModel.__table__.c
    tag, link = SqlTag.__table__.c, SqlInput.__table__.c
    seconds = func.coalesce(run.end_time - run.start_time, 0)
    tag_values = {
        "dataset": of.dataset,
        "variant": of.variant,
        "seed": of.seed,
        "code_digest": of.code,
        MLFLOW_RUN_NAME: of.name,
    }
    new_link = func.substr(of.run_uuid, 1, 18).concat(func.substr(link.input_uuid, 1, 18))

    def moved(address: Column[str], before: Column[str], now: Column[str]) -> Function[str]:
        return func.replace(address, before, now)

    _copy(
        connection,
        SqlRun,
        facts,
        run.run_uuid == of.original,
        run_uuid=of.run_uuid,
        name=of.name,
        start_time=of.started,
        end_time=of.started + seconds,
        artifact_uri=moved(run.artifact_uri, of.original, of.run_uuid),
    )
    is_copied = (tag.run_uuid == of.original) & tag.key.not_in(["run_key", MLFLOW_PARENT_RUN_ID])
    _copy(
        connection,
        SqlTag,
        facts,
        is_copied & ((tag.key != "variant") | (of.variant != "")),
        run_uuid=of.run_uuid,
        value=case(tag_values, value=tag.key, else_=tag.value),
    )
    for key, value in (("run_key", of.run_key), (MLFLOW_PARENT_RUN_ID, of.parent)):
        given = select(literal(key), value, of.run_uuid).where(value != "")
        connection.execute(insert(SqlTag).from_select(["key", "value", "run_uuid"], given))
    param = SqlParam.__table__.c
    values = {"dataset": of.dataset, "seed": of.seed, "run_key": of.run_key}
    _copy(
        connection,
        SqlParam,
        facts,
        param.run_uuid == of.original,
        run_uuid=of.run_uuid,
        value=case(values, value=param.key, else_=param.value),
    )
    for table in (SqlMetric, SqlLatestMetric):
        own = table.__table__.c
        _copy(connection, table, facts, own.run_uuid == of.original, run_uuid=of.run_uuid)
    _copy(
        connection,
        SqlLoggedModel,
        facts,
        model.source_run_id == of.original,
        model_id=of.model_id,
        source_run_id=of.run_uuid,
        artifact_location=moved(model.artifact_location, model.model_id, of.model_id),
    )
    data = {"input_uuid": new_link, "destination_id": of.run_uuid}
    _copy(connection, SqlInput, facts, link.destination_id == of.original, **data)
    output = {"input_uuid": new_link, "source_id": of.run_uuid, "destination_id": of.model_id}
    _copy(connection, SqlInput, facts, link.source_id == of.original, **output)


def _copy(
    connection: Connection,
    table: type[DeclarativeBase],
    facts: Table,
    condition: ColumnElement[bool],
    **changed: ColumnElement[object],
) -> None:
    columns = table.__table__.c
    values = [changed.get(column.name, column) for column in columns]
    rows = select(*values).join_from(table.__table__, facts, condition)
    names = [column.name for column in columns]
    connection.execute(insert(table.__table__).from_select(names, rows))


def list_runs(address: str, log_in: str) -> tuple[float, int]:
    """Ask for the list of runs as MLflow's page does; return the seconds, and how many came."""
    body = {
        "experiment_ids": ["1"],
        "run_view_type": "ACTIVE_ONLY",
        "max_results": 100,
        "order_by": ["attributes.start_time DESC"],
    }
    headers = {"Content-Type": "application/json"}
    if log_in:
        headers["Authorization"] = f"Basic {b64encode(log_in.encode()).decode()}"
    url = f"{address}/ajax-api/2.0/mlflow/runs/search"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=600) as answer:
        runs = json.load(answer)["runs"]
    return time.perf_counter() - started, len(runs)


@contextmanager
def embedded_store(folder: Path) -> Iterator[Store]:
    """Give the store beside the project, of which a server shows the list of runs."""
    database = f"sqlite:///{folder}/mlruns/mlflow.db"
    artifacts = folder / "mlruns/artifacts"
    yield Store(folder, database, (str(artifacts), artifacts), {})


@contextmanager
def team_store(folder: Path) -> Iterator[Store]:
    """Give a team's server, on which the project's environment `smoke` tracks."""
    shutil.copy(folder / "conf/team/mlflow.yml", folder / "conf/smoke")
    with team_server() as settings:
        os.environ["PGPASSFILE"] = settings["PGPASSFILE"]
        yield Store(
            folder,
            settings["MLFLOW_BACKEND_STORE_URI"],
            ("mlflow-artifacts:", Path(settings["MLFLOW_ARTIFACTS_DESTINATION"])),
            administrator(settings),
        )


@contextmanager
def shown(store: Store) -> Iterator[tuple[str, str]]:
    """Give the address of a server over the store, and the log-in."""
    if address := store.variables.get("MLFLOW_TRACKING_URI"):
        user, password = (
            store.variables[f"MLFLOW_TRACKING_{name}"] for name in ("USERNAME", "PASSWORD")
        )
        yield address, f"{user}:{password}"
        return
    port = free_port()
    arguments = f"server --backend-store-uri {store.database} --port {port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *arguments.split()],
        cwd=store.folder,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}", ""
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def wait_for(address: str) -> None:
    """Return once an address answers."""
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(address)


STORES = {"embedded": embedded_store, "team": team_store}
TITLES = {
    "embedded": "Embedded store (SQLite)",
    "team": "The team's server (`make team-server`: PostgreSQL, log-ins, HTTP)",
}


def measure(name: str, sizes: list[int], n_repeats: int) -> Iterator[Row]:
    """Yield what each command costs on a store, of each number of runs."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "project"
        for part in ("conf", "src"):
            shutil.copytree(PROJECT / part, folder / part)
        for file in ("pyproject.toml", "requirements.txt"):
            shutil.copy(PROJECT / file, folder)
        with STORES[name](folder) as store:
            yield from _measure(name, store, sizes, n_repeats)


def _measure(name: str, store: Store, sizes: list[int], n_repeats: int) -> Iterator[Row]:
    store.kedro(f"run --env=smoke --pipelines={','.join(TRAINED)}")
    store.kedro(SESSION)
    with connected(store) as client:
        by_hand = "tags.variant IS NOT NULL and tags.run_key IS NULL"
        trained = client.search_runs(["1"], by_hand)
        [study] = client.search_runs(["1"], f"tags.run_key = '{STUDY}' and tags.variant IS NULL")
    n_rows = [len([*r.data.metrics, *r.data.params, *r.data.tags]) for r in trained]
    print(f"{name}: trained, with {n_rows} metrics, parameters and tags", flush=True)
    n_runs = 0
    for size in sizes:
        add_copies(store, list(plan(trained, study.info.run_id, size - n_runs, n_runs)))
        n_runs = size
        with shown(store) as (address, log_in):
            list_runs(address, log_in)  # a server's first answer takes longer
            listed = [list_runs(address, log_in) for _ in range(n_repeats)]
        yield _row(name, size, LIST, listed)
        seeds = ",".join(map(str, range(1, 1 + size // 10 // len(TRAINED))))
        for what, command in COMMANDS.items():
            measured = [store.kedro(command.format(seeds=seeds)) for _ in range(n_repeats)]
            yield _row(name, size, what, [(taken, read["runs"]) for taken, read in measured])


def _row(name: str, size: int, what: str, measured: list[tuple[float, int]]) -> Row:
    seconds, read = zip(*measured, strict=True)
    row = Row(name, size, what, median(seconds), int(median(read)))
    print(row, flush=True)
    return row


@contextmanager
def connected(store: Store) -> Iterator[MlflowClient]:
    """Give a client of the store."""
    before = {name: os.environ.get(name) for name in store.variables}
    os.environ.update(store.variables)
    try:
        yield MlflowClient(store.variables.get("MLFLOW_TRACKING_URI", store.database))
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def as_table(rows: list[Row], sizes: list[int], n_repeats: int) -> str:
    """Return what was measured as Markdown, a table for each store."""
    lines = [
        f"Seconds, medians of {n_repeats}, and how many runs are read from the store. Commands are "
        f"whole processes. {os.cpu_count()} cores, Python {platform.python_version()}."
    ]
    for store in dict.fromkeys(row.store for row in rows):
        headings = [f"{size:,} runs: s | read" for size in sizes]
        lines += ["", f"**{TITLES[store]}**", "", f"| | {' | '.join(headings)} |"]
        lines += ["|---|" + "---:|---:|" * len(sizes)]
        for what in (LIST, *COMMANDS):
            own = [row for row in rows if (row.store, row.what) == (store, what)]
            cells = [f"{row.seconds:.1f} | {row.n_read:,}" for row in own]
            lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, nargs="+", default=[50, 5000], help="in rising order")
    parser.add_argument("--stores", nargs="+", choices=list(STORES), default=list(STORES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        counts, command = options.child
        run_counting(Path(counts), command)
    else:
        rows = [row for s in options.stores for row in measure(s, options.runs, options.repeats)]
        table = as_table(rows, options.runs, options.repeats)
        print(table)
        (PROJECT / "benchmarks" / "results" / "large_store.md").write_text(table)
