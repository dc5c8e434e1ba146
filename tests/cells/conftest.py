"""A small project: raw images, a model that is made from them, and a score and a map of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro_datasets.json import JSONDataset

from autoencoder_lab.cells import made_from
from autoencoder_lab.cells.code_state import CodeState
from autoencoder_lab.cells.plan import Plan
from autoencoder_lab.images.arrays import RawImages

CODE = CodeState(commit="c0ffee00", uncommitted=None, versions={})
IMAGES = RawImages(np.zeros((9, 5, 3, 1), np.uint8), np.zeros(9, np.int64))


def same(*values: object) -> object:
    return values[0]


def create_pipeline(variant: str) -> Pipeline:
    ingest = [
        Node(same, ["raw_images", "params:split"], "images", name="split"),
        Node(same, "images", "summary", name="describe"),
    ]
    nodes = [
        Node(same, ["images", "params:epochs", "params:seed"], "model", name="train"),
        Node(same, ["images", "model"], "codings", name="encode"),
        Node(same, "codings", "score", name="measure"),
        Node(same, ["codings", "params:perplexity"], "map", name="draw"),
    ]
    parameters = {f"params:{name}" for name in ("epochs", "seed", "perplexity")}
    return Pipeline(ingest) + Pipeline(
        nodes, namespace=variant, inputs={"images"}, parameters=parameters
    )


Start = Callable[..., DataCatalog]


@pytest.fixture(params=["{folder}", "memory://{folder}"], ids=["disk", "object store"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    """Return the catalog of a session with its parameters, over files that all sessions share."""
    root = request.param.format(folder=tmp_path)

    def catalog(
        *, raw_images: RawImages = IMAGES, run_key: str | None = None, **parameters: object
    ) -> DataCatalog:
        values = {"split": 0, "epochs": 1, "seed": 3, "perplexity": 30, **parameters}
        entries = {
            f"{variant}.{name}": JSONDataset(filepath=f"{root}/{folder}/{variant}/{name}.json")
            for variant in "ab"
            for name, folder in {"model": "models", "score": "scores", "map": "scores"}.items()
        }
        return DataCatalog(
            {
                **entries,
                "raw_images": MemoryDataset(raw_images, copy_mode="assign"),
                "summary": JSONDataset(filepath=f"{root}/scores/shared/summary.json"),
                "params:run_key": MemoryDataset(run_key),
                **{f"params:{name}": MemoryDataset(value) for name, value in values.items()},
            }
        )

    return catalog


def make(plan: Plan, catalog: DataCatalog, *names: str) -> None:
    """Write files as a session does that makes them as planned."""
    for name in names:
        catalog.save(name, {"of": name})
        file = plan.files[name]
        record = file.beside(made_from.FILE_NAME)
        origin = plan.made[name].model_copy(update={"sha256": file.sha256()})
        files = {**made_from.read(record).files, file.name: origin}
        made_from.write(record, made_from.MadeFrom(files=files))
