"""The data set that a model was trained on, as its run split it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kedro.framework.session import KedroSession

from autoencoder_lab.datasets.new_images import NewImages
from autoencoder_lab.failures import BadInput
from autoencoder_lab.images.arrays import SPLITS, ClassNames, Images, Labels, RawImages, batches
from autoencoder_lab.images.sources import StoredImages
from autoencoder_lab.parameters import IngestParams
from autoencoder_lab.pipelines.ingest.nodes import split_images
from autoencoder_lab.session.raw_images import load_raw_images

from .trained import TrainedModel


@dataclass(frozen=True)
class TrainingData:
    """A data set's images and labels by split, in the run's order."""

    raw_images: RawImages
    images: dict[str, StoredImages]
    labels: dict[str, Labels]
    class_names: ClassNames

    def names(self, split: str) -> list[str]:
        """Return what each image of a split is called."""
        return self.raw_images.image_names(split, self.images[split].rows)

    def class_of_each(self, split: str) -> list[str | None]:
        """Return the class of each image of a split, where it has one."""
        return [self.class_names.get(label) for label in self.labels[split].tolist()]

    def all_images(self) -> NewImages:
        """Return the images of all splits, one after the other."""

        def read() -> Iterator[Images]:
            for split in SPLITS:
                yield from batches(self.images[split])

        names = [name for split in SPLITS for name in self.names(split)]
        return NewImages(names, read, {}, Counter())

    def known_of_all(self) -> dict[str, list[str | None]]:
        """Return the split of each of these images and, where it has one, its class."""
        return {
            "split": [split for split in SPLITS for _ in range(len(self.images[split]))],
            "class": [name for split in SPLITS for name in self.class_of_each(split)],
        }


def load_training_data(project: Path, env: str | None, model: TrainedModel) -> TrainingData:
    """Return the data set of a model's run, split as it was.

    Raises:
        BadInput: It is not here, or not as it was.
    """
    ingest = model.parameters["ingest"]
    session = KedroSession.create(
        project_path=project,
        env=env,
        runtime_params={"dataset": model.dataset, "ingest": ingest},
    )
    raw_images = load_raw_images(session.load_context().catalog)
    digest, now = model.run.data.tags["data_digest"], raw_images.sha256
    if now != digest:
        raise BadInput(
            f"the images of {model.dataset} are not those that {model.name} was trained on: their "
            f"digest was {digest[:8]}, is {now[:8]}"
        )
    normal_class = model.parameters["evaluation"]["normal_class"]
    splits = split_images(raw_images, IngestParams.model_validate(ingest), normal_class)
    return TrainingData(
        raw_images=raw_images,
        images={
            "train": splits["train_images"],
            "validation": splits["validation_images"],
            "test": splits["test_images"],
        },
        labels={
            "train": splits["train_labels"],
            "validation": splits["validation_labels"],
            "test": splits["test_labels"],
        },
        class_names=splits["class_names"],
    )
