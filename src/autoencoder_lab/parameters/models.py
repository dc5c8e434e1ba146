"""The families of autoencoders; `models/<family>.py` builds each."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from .families import family_of
from .types import Count, Counts, Params, Widths

Activation = Literal["linear", "selu", "relu", "elu", "gelu", "tanh", "sigmoid"]


class _Activations(Params):
    activation: Activation
    """Of all layers that no other is named for."""
    coding_activation: Activation | None = None
    """Of the coding layer, where it differs."""
    output_activation: Literal["sigmoid", "linear"]
    """Of the last layer: `sigmoid` keeps pixels in [0, 1]."""

    @property
    def of_codings(self) -> Activation:
        return self.coding_activation or self.activation


class DenseParams(_Activations):
    """Fully connected layers; the decoder mirrors the encoder."""

    family: Literal["dense"]
    widths: Widths
    """Units of each layer of the encoder; the last is the size of the codings. `inputs`: as many as
    an image has numbers.
    """


class TiedParams(_Activations):
    """Fully connected layers; each decoder kernel is an encoder's, transposed."""

    family: Literal["tied"]
    widths: Widths
    """As those of dense layers."""


class ConvolutionalParams(_Activations):
    """Blocks of a convolution and pooling by 2; transposed convolutions mirror them."""

    family: Literal["convolutional"]
    filters: Counts
    """Of each block of a convolution and a pooling, which halves height and width."""
    kernel_size: Annotated[Count, Field(ge=3)]
    """Pixels, of all convolutions."""


class GeneratorParams(Params):
    """Fully connected layers, from codings to images; there is no encoder."""

    family: Literal["generator"]
    latent_dim: Count
    """Numbers that an image is made of."""
    widths: Counts
    """Units of each layer, the first next to the codings."""
    activation: Activation
    """Of all layers but the last."""
    output_activation: Literal["sigmoid", "linear"]
    """Of the last layer."""


class EncoderParams(Params):
    """Fully connected layers, from images to codings; there is no decoder."""

    family: Literal["encoder"]
    widths: Widths
    """Units of each layer; the classes come after."""
    activation: Activation
    """Of all layers."""

    @property
    def of_codings(self) -> Activation:
        return self.activation


# Of a plain union, Kedro would warn that it does not validate it; the whole variant is validated.
ModelParams = TypeAliasType(
    "ModelParams",
    Annotated[
        DenseParams | TiedParams | ConvolutionalParams | GeneratorParams | EncoderParams,
        Field(discriminator="family"),
    ],
)


def architecture(model: object) -> str:
    """Return a name for what a variant's block `model` describes, the same for equal blocks."""
    content = json.dumps(model, sort_keys=True, default=str).encode()
    return f"{family_of(model)}_{hashlib.sha256(content).hexdigest()[:8]}"
