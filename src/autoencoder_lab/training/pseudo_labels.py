"""A small network that is fitted on labels which have spread, and in whose features they spread on.

It knows that pixels have neighbours, which codings by dense layers do not.
"""

from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import (
    UNLABELLED,
    Images,
    ImageSource,
    Indices,
    Labels,
    batches,
)
from autoencoder_lab.images.sources import encode
from autoencoder_lab.metrics.spreading import LabelGraph, vote
from autoencoder_lab.models import build_classifier
from autoencoder_lab.parameters import FewLabelsParams

from .optimizers import without_all_reduce
from .orders import repeated

FILTERS = (16, 32)
DROPOUT = (0.25, 0.5)
SMOOTHING = 0.1
BATCH_SIZE = 128
LEARNING_RATE = 0.002


class Spread(NamedTuple):
    """Labels that have spread over the features of a network.

    Attributes:
        features: From images to features.
        graph: Of the training images' features.
        labels: (n,), of the training images.
        agreed: The share of images, in [0, 1], which labels reach in both of the first two graphs,
            the same ones.
    """

    features: keras.Sequential
    graph: LabelGraph
    labels: Labels
    agreed: float

    def predict(self, images: ImageSource) -> Labels:
        """Return the label of most of the nearest training images, for each image."""
        return vote(self.labels, self.graph.nearest(encode(self.features, images)))


def spread_and_train(
    images: ImageSource,
    few: Labels,
    graphs: tuple[LabelGraph, LabelGraph],
    params: FewLabelsParams,
    *,
    shift: int,
    seed: int,
) -> Spread:
    """Spread labels over two graphs, fit a network where these agree, spread over its features.

    In each further round, a network is fitted where what has spread is what the one before says.

    Args:
        images: (n, height, width, channels), in [0, 1].
        few: (n,), `UNLABELLED` but for a few.
        graphs: Of two kinds of codings of the images.
        shift: Pixels by which images are moved while the network is fitted, at most.

    Sources: Iscen et al., "Label Propagation for Deep Semi-supervised Learning", CVPR 2019; two
    views that agree: Blum and Mitchell, "Combining Labeled and Unlabeled Data with Co-Training",
    COLT 1998.
    """
    one, other = graphs
    spread = one.spread(few)
    is_agreed = (spread == other.spread(few)) & one.reached(few) & other.reached(few)
    agreed = float(is_agreed.mean())
    is_given = few != UNLABELLED
    classes = np.unique(few[is_given])
    for round_seed in seeds.derive(seed, "pseudo-labels", params.rounds):
        [rows] = np.nonzero(is_agreed | is_given)
        labels = np.where(is_given, few, spread)
        network = fit_moved(images, labels, rows, classes, params, shift=shift, seed=round_seed)
        features = network.get_layer("features")
        graph = LabelGraph.of(encode(features, images))
        spread = graph.spread(few)
        is_agreed = (spread == classify(network, images, classes)) & graph.reached(few)
    return Spread(features, graph, spread, agreed)


def fit_moved(
    images: ImageSource,
    labels: Labels,
    rows: Indices,
    classes: Labels,
    params: FewLabelsParams,
    *,
    shift: int,
    seed: int,
) -> keras.Sequential:
    """Return a classifier that is fitted on some of the images, each time moved by some pixels.

    Args:
        labels: (n,); those of the images that are not in `rows` are not looked at.
        classes: What the classifier tells apart, increasing.
        shift: Pixels, at most, in each direction. What is moved in is black.

    The same seed gives the same weights, bit for bit.
    """
    height, width, channels = images.shape[1:]
    weight_seed, batch_seed = seeds.derive(seed, "network of pseudo-labels", 2)
    network = build_classifier(
        (height, width, channels),
        len(classes),
        filters=FILTERS,
        dropout=DROPOUT,
        name="pseudo-labels",
        seed=weight_seed,
    )
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, params.steps)
    # Without XLA, whose convolutions are slow on a CPU.
    network.compile(
        without_all_reduce(keras.optimizers.Adam(rate)),
        keras.losses.CategoricalCrossentropy(label_smoothing=SMOOTHING),
        jit_compile=False,
    )
    targets = (labels[:, np.newaxis] == classes).astype(np.float32)
    of_batches = repeated(len(rows), n_batches=params.steps, batch_size=BATCH_SIZE, seed=batch_seed)
    moved = _MovedImages(images, targets, rows[of_batches], shift=shift, seed=batch_seed)
    network.fit(moved, shuffle=False, verbose=0)
    return network


class _MovedImages(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of images, each moved by some pixels, and their targets.

    The order (batches, batch size) says which images each batch has.
    """

    def __init__(
        self,
        images: ImageSource,
        targets: npt.NDArray[np.float32],
        order: Indices,
        *,
        shift: int,
        seed: int,
    ) -> None:
        super().__init__()
        self._images, self._targets, self._order = images, targets, order
        self._shift, self._seed = shift, seed

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, number: int) -> tuple[Images, npt.NDArray[np.float32]]:
        rows = self._order[number]
        # A function of the number: Keras may ask for batches in any order.
        rng = np.random.default_rng([self._seed, number])
        return move(self._images[rows], self._shift, rng), self._targets[rows]


def move(images: Images, most: int, rng: np.random.Generator) -> Images:
    """Return each image moved by up to so many pixels down or up, right or left, black beyond."""
    around = ((0, 0), (most, most), (most, most), (0, 0))
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(images, around), images.shape[1:3], axis=(1, 2)
    )
    down, right = rng.integers(0, 2 * most + 1, (2, len(images)))
    return np.moveaxis(windows[np.arange(len(images)), down, right], 1, -1)


def classify(network: keras.Sequential, images: ImageSource, classes: Labels) -> Labels:
    """Return the most likely of the classes (n,) of each image."""
    likely = [network.predict_on_batch(batch).argmax(axis=1) for batch in batches(images)]
    most_likely: Labels = classes[np.concatenate(likely)]
    return most_likely
