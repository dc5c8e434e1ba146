import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from kedro.framework.hooks import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro_datasets.json import JSONDataset

from autoencoder_lab.cells import Cells, ShareResults, made_from
from autoencoder_lab.cells.code_state import CodeState
from autoencoder_lab.cells.plan import make_plan
from autoencoder_lab.cells.stored_files import StoredFile, stored_file
from autoencoder_lab.images.arrays import RawImages
from autoencoder_lab.session.runner import VariantRunner, VariantSpecs

from .conftest import CODE, IMAGES

OTHER_IMAGES = RawImages(IMAGES.train_images + 1, IMAGES.train_labels)


class Sessions:
    """Sessions of variants that share a baseline, and how often it was made."""

    def __init__(self, root: str) -> None:
        self.n_made = 0
        self.file = stored_file(self._baseline(root))
        assert self.file is not None
        self._root = root

    @property
    def record(self) -> StoredFile:
        return self.file.beside("made_from.json")

    def run(
        self,
        variant: str = "a",
        *,
        work: Callable[[], None] = lambda: None,
        between: Callable[[], object] = lambda: None,
        raw_images: RawImages = IMAGES,
        code: CodeState = CODE,
        **parameters: object,
    ) -> object:
        """Return what a session is given that runs all nodes of a variant.

        Args:
            work: What it does while it makes the baseline.
            between: What happens while it uses it for the first time.
        """

        def measure(images: RawImages, width: int, seed: int) -> dict[str, int]:
            self.n_made += 1
            work()
            return {"made": self.n_made}

        def use(baseline: dict[str, int]) -> bool:
            between()
            return True

        nodes = [
            Node(
                measure,
                ["raw_images", "params:width", "params:seed"],
                "baseline_of_a_width",
                name="measure",
            ),
            Node(use, "baseline_of_a_width", "used", name="use"),
            Node(
                lambda baseline, used: baseline["made"],
                ["baseline_of_a_width", "used"],
                "score",
                name="use_again",
            ),
        ]
        pipeline = Pipeline(
            nodes,
            namespace=variant,
            inputs={"raw_images"},
            parameters={"params:width": f"params:{variant}.width", "params:seed": "params:seed"},
        )
        values = {f"{variant}.width": 3, "seed": 1, **parameters}
        catalog = DataCatalog(
            {
                "raw_images": MemoryDataset(raw_images, copy_mode="assign"),
                f"{variant}.baseline_of_a_width": self._baseline(self._root),
                f"{variant}.used": MemoryDataset(),
                f"{variant}.score": MemoryDataset(),
                **{f"params:{name}": MemoryDataset(value) for name, value in values.items()},
            }
        )
        cells = Cells()
        cells.plan = make_plan(pipeline, pipeline, catalog, code, only_missing_outputs=False)
        share = ShareResults(cells)
        share.before_pipeline_run(catalog)
        hooks = _create_hook_manager()
        hooks.add_hookspecs(VariantSpecs)
        hooks.register(share)
        VariantRunner(2).run(pipeline, catalog, hooks)
        return catalog.load(f"{variant}.score")

    def _baseline(self, root: str) -> JSONDataset:
        return JSONDataset(filepath=f"{root}/shared/width/score.json", metadata={"shared": True})


@pytest.fixture(params=["{folder}", "memory://{folder}"], ids=["disk", "object store"])
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> Sessions:
    return Sessions(request.param.format(folder=tmp_path))


def test_a_second_variant_and_a_second_session_take_what_the_first_made(sessions: Sessions) -> None:
    given = [sessions.run("a"), sessions.run("b"), sessions.run("a")]

    assert given == [1, 1, 1]
    assert sessions.n_made == 1
    [origin] = made_from.read(sessions.record).files.values()
    assert origin.parameters == {"width": 3, "seed": 1}
    assert origin.sha256 == sessions.file.sha256()


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"a.width": 4},
        {"raw_images": OTHER_IMAGES},
        {"code": CODE.model_copy(update={"package": "1f2e"})},
        {"code": CODE.model_copy(update={"versions": {"scipy": "2.0"}})},
    ],
    ids=lambda other: " ".join(other),
)
def test_what_was_made_from_something_else_is_recomputed(
    sessions: Sessions, other: dict[str, object]
) -> None:
    sessions.run()

    assert sessions.run(**other) == 2
    assert sessions.run(**other) == 2
    assert sessions.run() == 3


def test_another_commit_of_the_same_package_recomputes_nothing(sessions: Sessions) -> None:
    sessions.run()

    assert sessions.run(code=CODE.model_copy(update={"commit": "decaf000"})) == 1


def spoil_file(sessions: Sessions) -> None:
    sessions.file.write(b'{"made": 7}')


def cut_file(sessions: Sessions) -> None:
    sessions.file.write(sessions.file.read()[:4])


def remove_file(sessions: Sessions) -> None:
    sessions.file.remove()


def spoil_record(sessions: Sessions) -> None:
    sessions.record.write(b"{")


def remove_record(sessions: Sessions) -> None:
    sessions.record.remove()


def leave_unfinished(sessions: Sessions) -> None:
    content = sessions.record.read().decode()
    sessions.record.write(content.replace(sessions.file.sha256(), "").encode())


@pytest.mark.parametrize(
    "damage",
    [spoil_file, cut_file, remove_file, spoil_record, remove_record, leave_unfinished],
    ids=lambda damage: damage.__name__,
)
def test_what_is_damaged_or_half_written_is_recomputed(
    sessions: Sessions, damage: Callable[[Sessions], None]
) -> None:
    sessions.run()
    damage(sessions)

    assert sessions.run() == 2
    assert sessions.run() == 2


def test_what_fails_leaves_nothing_that_is_taken(sessions: Sessions) -> None:
    def fail() -> None:
        raise ValueError

    with pytest.raises(Exception, match="failed"):
        sessions.run(work=fail)

    assert sessions.run() == 2


def test_of_two_sessions_at_once_one_makes_it_and_the_other_waits(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    is_making, may_end = threading.Event(), threading.Event()
    given: list[object] = []

    def work() -> None:
        is_making.set()
        assert may_end.wait(60)

    first = threading.Thread(target=lambda: given.append(sessions.run("a", work=work)))
    second = threading.Thread(target=lambda: given.append(sessions.run("b")))
    first.start()
    assert is_making.wait(60)
    second.start()
    while "Waiting for another session" not in caplog.text:
        assert second.is_alive()
    may_end.set()
    first.join(60)
    second.join(60)

    assert given == [1, 1]
    assert sessions.n_made == 1


def test_a_session_keeps_what_it_has_where_another_makes_something_else(
    sessions: Sessions,
) -> None:
    given = sessions.run(between=lambda: sessions.run(seed=2))

    assert given == 1
    assert sessions.n_made == 2
