"""The MLflow runs of a session: a variant's own, or a parent's with a child for each variant."""

import atexit
import logging
from collections.abc import Callable, Mapping
from functools import partial

from mlflow.entities import Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.failures import BadInput
from autoencoder_lab.parameters import as_logged

from .batching import BatchingClient
from .one_run import find_or_create
from .owners import end_abandoned_runs, is_of_this_process, owner_tags
from .search import RUN_KEY, find_runs, having, search

logger = logging.getLogger(__name__)

CELL = ("dataset", "variant", "seed")
"""The tags that tell the children of a parent apart."""

WORST_FIRST = ("RUNNING", "FAILED", "KILLED", "FINISHED")

NOT_FINISHED = f"attributes.status != '{WORST_FIRST[-1]}'"


class RunTree:
    """The runs of a session, which are started and ended together.

    Without a run key, a single variant has the only run; several, or one that is compared with
    those of other sessions, have a parent, and a child each.
    With one there is always a parent, which all processes of this key share, and under it one
    child for each cell, which a retry continues. A child begins with its variant.
    """

    def __init__(self) -> None:
        self._client: BatchingClient | None = None
        self._experiment_id = ""
        self._top_id = ""
        self._shared_folder = ""
        self._by_variant: dict[str, str] = {}
        self._to_begin: dict[str, Callable[[], str]] = {}
        self._open: list[str] = []
        self._continued: set[str] = set()
        self._ended: dict[str, str] = {}
        self._refused_endings: dict[str, str] = {}
        self.started_at: dict[str, int] = {}
        """When each run was started, by this session or an earlier one, in ms since 1970."""
        self.lost: dict[str, str] = {}
        """Why runs do not hold all that was computed for them."""
        atexit.register(self._end_again)

    @property
    def client(self) -> BatchingClient:
        """The client of the store in which the runs are: it gathers what is logged to them."""
        assert self._client is not None, "the runs have not been started"
        return self._client

    @property
    def experiment_id(self) -> str:
        return self._experiment_id

    @property
    def top_id(self) -> str:
        """The only run, or the parent."""
        return self._top_id

    @property
    def by_variant(self) -> Mapping[str, str]:
        """The run of each variant that has begun."""
        return self._by_variant

    @property
    def variants(self) -> list[str]:
        """The variants of the session."""
        return [*self._by_variant, *self._to_begin]

    @property
    def all_ids(self) -> set[str]:
        """The runs of all variants that have begun, and of what they share."""
        return {self._top_id, *self._by_variant.values()}

    def run_id(self, name: str) -> str:
        """Return the run to which a node or dataset belongs, by its namespace.

        Of a variant that has not begun, words that say so: they may be in `lost`, as a run.
        """
        variant = name.split(".")[0]
        no_run = f"(no run of {variant} yet)"
        return no_run if variant in self._to_begin else self._by_variant.get(variant, self._top_id)

    def place(self, name: str, file: str) -> str:
        """Return where a file that a node makes is logged in its run."""
        # Other processes log the same of other data sets in a parent that they share.
        return self._shared_folder + file if self.run_id(name) == self._top_id else file

    def is_continued(self, run_id: str) -> bool:
        """Whether an earlier session has begun the run, so that it may hold something already."""
        return run_id in self._continued

    def start(
        self,
        client: BatchingClient,
        experiment_id: str,
        *,
        name: str,
        tags: Mapping[str, str],
        shared: Mapping[str, object],
        variants: Mapping[str, Mapping[str, object]],
        is_compared: bool,
    ) -> None:
        """Start the only run or the parent, or continue that of the tag `run_key`.

        Args:
            name: How that of a run of several variants, or of none, begins.
            tags: Of all runs.
            shared: The parameters of a parent.
            variants: The parameters of each variant's run.
            is_compared: Whether the session compares variants, once they are done.

        Raises:
            BadInput: A run that is to be continued has other parameters.
        """
        self.end("KILLED")  # what a session left that was interrupted in a notebook
        self._end_again()
        self._client, self._experiment_id = client, experiment_id
        self._shared_folder = f"{tags['dataset']}/" if RUN_KEY in tags else ""
        self._by_variant, self._to_begin, self._ended = {}, {}, {}
        self._continued, self.started_at, self.lost = set(), {}, {}
        end_abandoned_runs(client, experiment_id)
        if RUN_KEY in tags:
            self._start_shared(tags, variants)
        elif len(variants) == 1 and not is_compared:
            [(variant, parameters)] = variants.items()
            own_tags = {**tags, "variant": variant}
            self._top_id = self._create(_name(variant, tags), own_tags, parameters)
            self._by_variant[variant] = self._top_id
        else:
            self._top_id = self._create(_name(name, tags), tags, shared)
            for variant, parameters in variants.items():
                child_tags = {**tags, "variant": variant, MLFLOW_PARENT_RUN_ID: self._top_id}
                self._to_begin[variant] = partial(
                    self._create, _name(variant, tags), child_tags, parameters
                )

    def begin_variant(self, variant: str) -> None:
        """Begin the child of a variant; the only run of a session begins with the session."""
        if variant not in self._to_begin:
            return
        try:
            self._by_variant[variant] = self._to_begin[variant]()
        except Exception as error:
            self.lost[self.run_id(variant)] = str(error)
            raise
        del self._to_begin[variant]

    def end_variant(self, variant: str, status: str) -> None:
        """End the child of a variant; the only run of a session ends with the session."""
        run_id = self.run_id(variant)
        if run_id != self._top_id and run_id in self._open:
            self._end(run_id, status)

    def end(self, status: str) -> None:
        """End what is still open: children like this, the parent like the worst of its children."""
        for run_id in [run_id for run_id in self._open if run_id != self._top_id]:
            self._end(run_id, status)
        if self._open:
            worst = min((status, *self._end_children(status)), key=WORST_FIRST.index)
            if worst == "RUNNING":  # a child of another process, which will end the parent
                self._open.clear()
            else:
                self._end(self._top_id, worst)

    def _create(self, name: str, tags: Mapping[str, str], parameters: Mapping[str, object]) -> str:
        all_tags = {**tags, **owner_tags()}
        run = self.client.create_run(self._experiment_id, run_name=name, tags=all_tags)
        run_id: str = run.info.run_id
        self._open.append(run_id)
        self.started_at[run_id] = run.info.start_time
        self.client.log_batch(run_id, params=_as_params(parameters))
        self.client.gather(run_id)
        return run_id

    def _start_shared(
        self, tags: Mapping[str, str], variants: Mapping[str, Mapping[str, object]]
    ) -> None:
        """Start or continue the parent of a run key."""
        run_key = {RUN_KEY: tags[RUN_KEY]}
        parent, is_new = find_or_create(self.client, self._experiment_id, tags[RUN_KEY], run_key)
        cells = {
            variant: {key: {**tags, "variant": variant}[key] for key in CELL}
            | run_key
            | {MLFLOW_PARENT_RUN_ID: parent.info.run_id}
            for variant in variants
        }
        self._refuse_other_parameters(cells, variants)
        # Its children differ in data set and seed.
        self._top_id = self._go_on(parent, is_new, run_key, {})
        for variant, cell in cells.items():
            name = _name(variant, tags)
            self._to_begin[variant] = partial(self._find, name, cell, tags, variants[variant])

    def _find(
        self,
        name: str,
        cell: Mapping[str, str],
        tags: Mapping[str, str],
        parameters: Mapping[str, object],
    ) -> str:
        run, is_new = find_or_create(self.client, self._experiment_id, name, cell)
        self.client.update_run(self._top_id, "RUNNING")  # another process may have ended it
        return self._go_on(run, is_new, {**tags, **cell}, parameters)

    def _go_on(
        self, run: Run, is_new: bool, tags: Mapping[str, str], parameters: Mapping[str, object]
    ) -> str:
        run_id: str = run.info.run_id
        self._open.append(run_id)
        self.started_at[run_id] = run.info.start_time
        if not is_new:
            self._continued.add(run_id)
            self.client.update_run(run_id, "RUNNING")
        all_tags = [RunTag(key, value) for key, value in {**tags, **owner_tags()}.items()]
        self.client.log_batch(run_id, params=_as_params(parameters), tags=all_tags)
        self.client.gather(run_id)
        return run_id

    def _refuse_other_parameters(
        self,
        cells: Mapping[str, Mapping[str, str]],
        variants: Mapping[str, Mapping[str, object]],
    ) -> None:
        """Raise what is another than in the runs that are there: MLflow's parameters are final."""
        problems = []
        for variant, cell in cells.items():
            for run in search(self.client, self._experiment_id, cell):
                problems += [
                    f"  {variant}: {param.key} was {run.data.params[param.key]}, is {param.value}"
                    for param in _as_params(variants[variant])
                    if run.data.params.get(param.key, param.value) != param.value
                ]
        if problems:
            raise BadInput(
                "the runs of this run_key have other parameters:\n"
                + "\n".join(problems)
                + "\nSet them as they were, or choose another run_key"
            )

    def _end(self, run_id: str, status: str) -> None:
        self._open.remove(run_id)
        self._ended[run_id] = status
        # Until it is ended: a server may hang, and Ctrl-C come.
        self._refused_endings[run_id] = status
        try:
            if run_id not in self.lost:
                self.client.send(run_id)
        except Exception as error:  # as below
            logger.error("Run %s does not hold the last of what was logged: %s", run_id, error)
        self.client.drop(run_id)
        try:
            self.client.set_terminated(run_id, status)
        except Exception as error:  # whatever a server makes of it, the others are to be ended too
            logger.error("Run %s could not be marked %s yet: %s", run_id, status, error)
        else:
            del self._refused_endings[run_id]

    def _end_again(self) -> None:
        """Try once more what the server refused, when the process or the next session has time."""
        refused, self._refused_endings = self._refused_endings, {}
        for run_id, status in refused.items():
            self._open.append(run_id)
            self._end(run_id, status)

    def _end_children(self, status: str) -> list[str]:
        """End the children that were interrupted as they were made; return how children are.

        Those of other sessions that are finished, which may be hundreds, are not looked up.
        """
        children = dict(self._ended)
        condition = f"{having({MLFLOW_PARENT_RUN_ID: self._top_id})} and {NOT_FINISHED}"
        try:
            for run in list(find_runs(self.client, self._experiment_id, condition)):
                run_id, is_running = run.info.run_id, run.info.status == "RUNNING"
                is_to_begin = run.data.tags.get("variant") in self._to_begin
                if is_running and is_to_begin and is_of_this_process(run):
                    self._open.append(run_id)
                    self._end(run_id, status)
                    children[run_id] = status
                children.setdefault(run_id, run.info.status)
        except Exception as error:  # as above
            logger.error("The runs under %s could not be looked up: %s", self._top_id, error)
        return list(children.values())


def _as_params(parameters: Mapping[str, object]) -> list[Param]:
    return [Param(key, as_logged(value)) for key, value in parameters.items()]


def _name(what: str, tags: Mapping[str, str]) -> str:
    """Return what a run is called in lists and legends, where seeds and data sets are mixed."""
    return f"{what} {tags['dataset']} {tags['seed']}"
