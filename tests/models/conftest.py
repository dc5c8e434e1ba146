"""One small autoencoder of each family."""

from autoencoder_lab.parameters import ConvolutionalParams, DenseParams, TiedParams

DENSE = DenseParams(
    family="dense", widths=(100, 30), activation="selu", output_activation="sigmoid"
)
TIED = TiedParams(family="tied", widths=(100, 30), activation="selu", output_activation="sigmoid")
CONVOLUTIONAL = ConvolutionalParams(
    family="convolutional",
    filters=(16, 32, 64),
    kernel_size=3,
    activation="selu",
    output_activation="sigmoid",
)
FAMILIES = {params.family: params for params in (DENSE, TIED, CONVOLUTIONAL)}
