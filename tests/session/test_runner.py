import importlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kedro.framework.hooks import _create_hook_manager, hook_impl
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from pluggy import PluginManager
from threadpoolctl import threadpool_info

from autoencoder_lab.cells.graph import AFTER_VARIANTS
from autoencoder_lab.session.runner import VariantRunner, VariantsFailed, VariantSpecs
from autoencoder_lab.session.threads import one_thread_a_sum

Function = Callable[[int], int]


class Recorder:
    """Writes down what the runner tells hooks."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.begun: dict[str, int] = {}
        """How many nodes had begun before each variant did."""
        self.variants: dict[str, Exception | None] = {}
        self.held: dict[str, set[str]] = {}

    @hook_impl
    def before_node_run(self, node: Node, catalog: DataCatalog) -> None:
        self.nodes.append(node.name)
        self.held[node.name] = {name for name in catalog if catalog.exists(name)}

    @hook_impl
    def before_variant_run(self, variant: str) -> None:
        assert variant not in self.begun, "told twice"
        self.begun[variant] = len(self.nodes)

    @hook_impl
    def after_variant_run(self, variant: str, error: Exception | None) -> None:
        assert variant in self.begun
        assert variant not in self.variants, "told twice"
        self.variants[variant] = error


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def hooks(recorder: Recorder) -> PluginManager:
    manager = _create_hook_manager()
    manager.add_hookspecs(VariantSpecs)
    manager.register(recorder)
    return manager


def shared(function: Function, source: str, target: str) -> Node:
    return Node(function, source, target, name=target)


def variant(name: str, train: Function, evaluate: Function) -> Pipeline:
    nodes = [
        Node(train, "images", "model", name="train"),
        Node(evaluate, "model", "score", name="evaluate"),
    ]
    return Pipeline(nodes, namespace=name, inputs={"images"})


def same(value: int) -> int:
    return value


def fail(value: int) -> int:
    raise ZeroDivisionError(f"of {value}")


def run(
    pipeline: Pipeline, hooks: PluginManager, n_threads: int = 1, *, n_variants: int | None = None
) -> None:
    catalog = DataCatalog({"raw": MemoryDataset(7)})
    VariantRunner(n_threads, n_variants=n_variants or n_threads).run(pipeline, catalog, hooks)


INGEST = Pipeline([shared(same, "raw", "images"), shared(same, "images", "summary")])


def test_one_variant_ends_before_the_next_begins(hooks: PluginManager, recorder: Recorder) -> None:
    run(INGEST + variant("b", same, same) + variant("a", same, same), hooks)

    assert recorder.nodes == [
        "images",
        "summary",
        "a.train",
        "a.evaluate",
        "b.train",
        "b.evaluate",
    ]
    assert recorder.begun == {"a": 2, "b": 4}
    assert recorder.variants == {"a": None, "b": None}


def test_what_only_one_variant_needs_is_not_held_for_the_next(
    hooks: PluginManager, recorder: Recorder
) -> None:
    run(INGEST + variant("a", same, same) + variant("b", same, same), hooks)

    assert "a.model" in recorder.held["a.evaluate"]
    assert "a.model" not in recorder.held["b.train"]
    assert "images" in recorder.held["b.train"]
    assert "images" not in recorder.held["b.evaluate"]


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("train", [same, fail], ids=["done", "failed"])
def test_what_reads_the_runs_of_variants_waits_for_all_of_them(
    hooks: PluginManager, recorder: Recorder, n_threads: int, train: Function
) -> None:
    ended_before: set[str] = set()

    def compare(value: int) -> int:
        ended_before.update(recorder.variants)
        return value

    comparison = Pipeline([shared(compare, "images", "report")], tags=AFTER_VARIANTS)
    pipeline = INGEST + comparison + variant("a", train, same) + variant("b", same, same)

    with suppress(VariantsFailed):
        run(pipeline, hooks, n_threads)

    assert ended_before == {"a", "b"}
    assert recorder.nodes[-1] == "report"


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_variant_that_fails_leaves_the_others_alone(
    hooks: PluginManager, recorder: Recorder, n_threads: int, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = INGEST + variant("a", fail, same) + variant("b", same, same)

    with pytest.raises(VariantsFailed, match="failed: a") as raised:
        run(pipeline, hooks, n_threads)

    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert recorder.variants == {"a": raised.value.__cause__, "b": None}
    assert "a.evaluate" not in recorder.nodes
    assert "b.evaluate" in recorder.nodes
    [line] = caplog.messages
    assert line == "a.train failed: ZeroDivisionError: of 7"


def test_the_rest_of_a_variant_is_left_out_whether_it_needs_what_failed_or_not(
    hooks: PluginManager, recorder: Recorder
) -> None:
    nodes = [Node(fail, "raw", "x", name="x"), Node(same, "raw", "y", name="y")]

    with pytest.raises(VariantsFailed):
        run(Pipeline(nodes, namespace="a", inputs={"raw"}), hooks)

    assert recorder.nodes == ["a.x"]


def test_what_compares_variants_is_left_out_where_one_failed(
    hooks: PluginManager, recorder: Recorder
) -> None:
    variants = variant("a", same, fail) + variant("b", same, same)
    with pytest.warns(UserWarning, match="dataset names contain"):
        compare = Node(min, ["a.score", "b.score"], "comparison", name="compare")
    pipeline = INGEST + variants + Pipeline([compare])

    with pytest.raises(VariantsFailed, match="failed: a"):
        run(pipeline, hooks)

    assert recorder.nodes[-1] == "b.evaluate"


def test_where_what_is_shared_fails_all_that_needs_it_is_left_out(
    hooks: PluginManager, recorder: Recorder
) -> None:
    ingest = Pipeline([shared(fail, "raw", "images"), shared(same, "images", "summary")])

    with pytest.raises(VariantsFailed, match="what they share, a, b"):
        run(ingest + variant("a", same, same) + variant("b", same, same), hooks)

    assert recorder.nodes == ["images"]
    assert {variant: type(error) for variant, error in recorder.variants.items()} == {
        "a": ZeroDivisionError,
        "b": ZeroDivisionError,
    }


def test_where_nothing_needs_what_failed_the_variants_are_all_done(
    hooks: PluginManager, recorder: Recorder
) -> None:
    ingest = Pipeline([shared(same, "raw", "images"), shared(fail, "images", "summary")])

    with pytest.raises(VariantsFailed, match="failed: what they share"):
        run(ingest + variant("a", same, same), hooks)

    assert recorder.variants == {"a": None}


def test_a_variant_that_hooks_fail_to_begin_leaves_the_others_alone(
    hooks: PluginManager, recorder: Recorder
) -> None:
    class Refuses:
        @hook_impl(trylast=True)
        def before_variant_run(self, variant: str) -> None:
            if variant == "a":
                raise OSError("no space left")

    hooks.register(Refuses())

    with pytest.raises(VariantsFailed, match="failed: a"):
        run(INGEST + variant("a", same, same) + variant("b", same, same), hooks)

    assert recorder.nodes == ["images", "summary", "b.train", "b.evaluate"]
    assert {variant: type(error) for variant, error in recorder.variants.items()} == {
        "a": OSError,
        "b": type(None),
    }


def test_a_variant_of_which_nothing_is_missing_begins_and_ends_first(
    hooks: PluginManager, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = variant("a", same, same)
    monkeypatch.setattr("autoencoder_lab.session.runner.missing_nodes", lambda *_: missing.nodes)
    catalog = DataCatalog({"images": MemoryDataset(7)})

    VariantRunner(1).run(
        missing + variant("b", fail, fail), catalog, hooks, only_missing_outputs=True
    )

    assert recorder.begun == {"b": 0, "a": 0}
    assert list(recorder.variants.items()) == [("b", None), ("a", None)]


def test_a_variant_ends_once_all_its_threads_have(hooks: PluginManager, recorder: Recorder) -> None:
    has_failed = threading.Event()
    ended: list[str] = []

    def fail_at_once(value: int) -> int:
        has_failed.set()
        raise ZeroDivisionError

    def go_on(value: int) -> int:
        assert has_failed.wait(10)
        time.sleep(0.05)
        ended.append("node")
        return value

    class Ending:
        @hook_impl
        def after_variant_run(self) -> None:
            ended.append("variant")

    hooks.register(Ending())
    nodes = [Node(fail_at_once, "raw", "x", name="x"), Node(go_on, "raw", "y", name="y")]

    with pytest.raises(VariantsFailed):
        run(Pipeline(nodes, namespace="a", inputs={"raw"}), hooks, n_threads=2)

    assert ended == ["node", "variant"]


def test_variants_run_side_by_side_in_threads(hooks: PluginManager, recorder: Recorder) -> None:
    meeting = threading.Barrier(2, timeout=10)

    def meet(value: int) -> int:
        meeting.wait()
        return value

    run(INGEST + variant("a", meet, same) + variant("b", meet, same), hooks, n_threads=2)

    assert recorder.variants == {"a": None, "b": None}


def test_the_nodes_of_one_variant_run_side_by_side_before_those_of_the_next(
    hooks: PluginManager, recorder: Recorder
) -> None:
    meetings = {name: threading.Barrier(2, timeout=10) for name in "ab"}

    def branches(name: str) -> Pipeline:
        def meet(value: int) -> int:
            meetings[name].wait()
            return value

        nodes = [Node(meet, "images", branch, name=branch) for branch in ("map", "probe")]
        return Pipeline(nodes, namespace=name, inputs={"images"})

    run(INGEST + branches("a") + branches("b"), hooks, n_threads=8, n_variants=1)

    begun = [name for name in recorder.nodes if "." in name]
    assert [set(begun[:2]), set(begun[2:])] == [{"a.map", "a.probe"}, {"b.map", "b.probe"}]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_each_thread_adds_up_alone(hooks: PluginManager, n_threads: int) -> None:
    import sklearn.cluster  # loads OpenMP  # noqa: F401

    numbers: list[int] = []

    def look(value: int) -> int:
        numbers.extend(library["num_threads"] for library in threadpool_info())
        return value

    with one_thread_a_sum():  # as a session has it: the end of a thread sets back to this
        run(INGEST + variant("a", look, same), hooks, n_threads)

    assert len(numbers) >= 2
    assert set(numbers) == {1}


def test_a_node_may_end_all(hooks: PluginManager, recorder: Recorder) -> None:
    def leave(value: int) -> int:
        raise SystemExit(3)

    with pytest.raises(SystemExit, match="3"):
        run(INGEST + variant("a", leave, same) + variant("b", same, same), hooks)

    assert recorder.nodes[-1] == "a.train"
    assert recorder.variants == {}


@pytest.fixture
def _ctrl_c_raises() -> Iterator[None]:
    """Undo what a shell does to the tests where it starts them in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_raises")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interruption_ends_also_what_swallows_the_first(
    hooks: PluginManager, recorder: Recorder, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoencoder_lab.session.runner.SECONDS_TO_STOP", 2)
    ended = threading.Event()

    def go_on_for_ever() -> None:
        while True:
            time.sleep(0.01)

    def swallow_the_first(value: int) -> int:
        try:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            with suppress(SystemExit):
                go_on_for_ever()
            go_on_for_ever()
        finally:
            ended.set()
        return value

    with pytest.raises(KeyboardInterrupt):
        run(INGEST + variant("a", swallow_the_first, same), hooks, n_threads)

    assert ended.is_set()
    assert recorder.variants == {}


@pytest.mark.slow
@pytest.mark.usefixtures("_ctrl_c_raises")
def test_an_interruption_leaves_imports_to_their_end(
    hooks: PluginManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoencoder_lab.session.runner.SECONDS_TO_STOP", 2)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "slow_to_import.py").write_text(
        "import signal, threading, time\n"
        "signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)\n"
        "for _ in range(100): time.sleep(0.01)\n"
    )

    def use(value: int) -> int:
        importlib.import_module("slow_to_import")
        return value

    with pytest.raises(KeyboardInterrupt):
        run(INGEST + variant("a", use, same), hooks)

    assert "slow_to_import" in sys.modules  # which a cut import is not


def test_what_most_others_wait_for_starts_first(hooks: PluginManager, recorder: Recorder) -> None:
    nodes = [
        shared(same, "raw", "alone"),
        shared(same, "raw", "needed"),
        shared(same, "needed", "next"),
    ]

    run(Pipeline(nodes), hooks)

    assert recorder.nodes == ["needed", "alone", "next"]
