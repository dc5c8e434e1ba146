"""How a variant is fitted: the objective, the strategy, and the optimizer's steps."""

import math
from typing import Annotated, Literal

from pydantic import Field

from .types import (
    AutoOrBool,
    Compilation,
    Count,
    CountOrNone,
    Counts,
    Epochs,
    Fraction,
    NotNegative,
    Params,
    Positive,
    Weights,
)

LEAST_EPOCHS = 10
LEAST_STEPS = 17_000
"""Those of 10 epochs of MNIST in batches of 32, rounded down."""


class NoNoiseParams(Params):
    """The images as they are."""

    kind: Literal["none"] = "none"


class GaussianNoiseParams(Params):
    """Normal noise on every pixel, clipped to the pixels' range."""

    kind: Literal["gaussian"]
    stddev: Annotated[float, Field(ge=0, le=1, strict=True)]
    """Of the noise, where a white pixel is 1."""

    @property
    def view(self) -> str:
        """The name of the view, as in the metrics' keys."""
        return f"gaussian_{self.stddev:g}"


class RateParams(Params):
    """Some of the numbers switched off."""

    kind: str
    rate: Annotated[float, Field(ge=0, lt=1, strict=True)]
    """The share that is switched off."""

    @property
    def view(self) -> str:
        """The name of the view, as in the metrics' keys."""
        return f"{self.kind}_{self.rate:g}"


class MaskNoiseParams(RateParams):
    """Pixels switched off, all channels of a pixel at once."""

    kind: Literal["mask"]


class DropoutNoiseParams(RateParams):
    """Numbers switched off, and the others scaled so that their sum stays the same on average."""

    kind: Literal["dropout"]


NoiseParams = Annotated[
    NoNoiseParams | GaussianNoiseParams | MaskNoiseParams | DropoutNoiseParams,
    Field(discriminator="kind"),
]


class NoSparsityParams(Params):
    """Codings as the reconstruction wants them."""

    kind: Literal["none"] = "none"


class L1Params(Params):
    """The sum of a coding's sizes, times `weight`, is added to the loss."""

    kind: Literal["l1"]
    weight: NotNegative
    """Of the sum in the loss."""


class KlParams(Params):
    """Each unit's mean activity is held near `target` by a divergence, times `weight`."""

    kind: Literal["kl"]
    weight: NotNegative
    """Of the divergence in the loss."""
    target: Fraction
    """The mean activity of a unit."""


SparsityParams = Annotated[NoSparsityParams | L1Params | KlParams, Field(discriminator="kind")]


class AnyStrategyParams(Params):
    """What is learnt, and by whom."""

    @property
    def why_no_epoch_is_best(self) -> str:
        """Why the validation loss does not say which epoch is best; empty where it does."""
        return ""


class JointParams(AnyStrategyParams):
    """All layers at once."""

    kind: Literal["joint"] = "joint"


class GreedyParams(AnyStrategyParams):
    """One shallow autoencoder at a time, each on the codings of the one before."""

    kind: Literal["greedy"]
    inner_learning_rate: Positive
    """Of all but the first, which have codings to reconstruct."""
    fine_tuning_epochs: CountOrNone
    """Of all layers at once, in the end."""


class VariationalParams(AnyStrategyParams):
    """A distribution of codings for each image, held near a standard normal one."""

    kind: Literal["variational"]
    beta: NotNegative
    """How much each nat of divergence from it counts, beside those of the reconstruction."""
    free_bits: NotNegative
    """Nats that each number of a coding may diverge by, for nothing."""
    warm_up_epochs: CountOrNone
    """In which beta grows to its whole."""
    binarise: AutoOrBool
    """Pixels are drawn black or white, by their intensity, each time; `auto`: of grey images."""

    def binarises(self, channels: int) -> bool:
        """Whether images of so many channels are made black and white."""
        return channels == 1 if self.binarise == "auto" else self.binarise

    @property
    def why_no_epoch_is_best(self) -> str:
        return "the validation loss grows with beta" if self.warm_up_epochs else ""


class GameParams(AnyStrategyParams):
    """Two that play against each other."""

    @property
    def why_no_epoch_is_best(self) -> str:
        return "the validation loss says how evenly two play, not how well"


class AdversarialParams(GameParams):
    """Codings that a discriminator cannot tell from standard normal ones."""

    kind: Literal["adversarial"]
    reconstruction_weight: Positive
    """Of the reconstruction's loss, summed over pixels, beside that of being told."""
    discriminator: Counts
    """The widths of its layers but the last, which is one logit."""


class GanParams(GameParams):
    """Images that a discriminator cannot tell from real ones."""

    kind: Literal["gan"]
    discriminator: Counts
    """The widths of its layers but the last, which is one logit."""
    discriminator_learning_rate: Positive
    """Of the discriminator; the generator has `learning_rate`."""
    gradient_penalty: NotNegative
    """Of the squared slope of the discriminator at real images, half of which is added."""


class LadderParams(AnyStrategyParams):
    """Classes of a few labelled images, and what each layer was before noise, of all images."""

    kind: Literal["ladder"]
    labels: Count
    """How many images have labels, of which there are `draws` in `pretraining`."""
    draw: CountOrNone
    """Which draw of labelled images, from 0."""
    noise: Positive
    """The standard deviation of the noise on the inputs and on every layer."""
    denoising_weights: Weights
    """Of the squared error of the inputs, the first layer, and so on; the last is all others'."""

    @property
    def why_no_epoch_is_best(self) -> str:
        return "the validation loss is of noisy images, and mostly of how well they are denoised"


StrategyParams = Annotated[
    JointParams | GreedyParams | VariationalParams | AdversarialParams | GanParams | LadderParams,
    Field(discriminator="kind"),
]


class TrainingParams(Params):
    """How a variant is fitted."""

    loss: Literal["binary_crossentropy", "mse"]
    """Of the reconstruction."""
    corruption: NoiseParams = NoNoiseParams()
    """What the inputs suffer, drawn afresh each time; the targets stay clean."""
    sparsity: SparsityParams = NoSparsityParams()
    """What keeps most units of a coding inactive."""
    strategy: StrategyParams = JointParams()
    """What is learnt, and in which order."""
    optimizer: Literal["sgd", "adam", "nadam"]
    """By which weights are changed."""
    beta_1: Annotated[float, Field(ge=0, lt=1, strict=True)] | None = None
    """How slowly Adam and Nadam forget gradients: 0.9 by themselves."""
    learning_rate: Positive
    """Of the optimizer."""
    learning_rate_schedule: Literal["constant", "cosine", "late_linear"] = "constant"
    """By epochs: to 0 along a cosine, or in a line over the last half."""
    epochs: Epochs
    """With `auto`, 10, or as many more as it takes for 17,000 steps: small data need them too."""
    batch_size: Count
    """Images in a step."""
    patience: Count | None = None
    """Epochs without a better validation loss before stopping."""
    chunk_megabytes: Count = 256
    """Of images that a fit reads at a time; larger data are streamed. The results are the same."""
    compilation: Compilation = "auto"
    """The results differ in their last bits."""

    def n_epochs(self, n_images: int) -> int:
        """Return how many epochs there are on so many images."""
        if self.epochs != "auto":
            return self.epochs
        return max(LEAST_EPOCHS, math.ceil(LEAST_STEPS / math.ceil(n_images / self.batch_size)))
