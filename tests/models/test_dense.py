import pytest

from autoencoder_lab.models import build

from .conftest import DENSE


def test_the_briefs_stack_on_mnist_has_its_number_of_weights() -> None:
    assert build(DENSE, (28, 28, 1), seed=0).count_params() == 163_814


def test_no_two_layers_start_alike() -> None:
    square = DENSE.model_copy(update={"widths": (15, 15)})

    kernels = [w for w in build(square, (3, 5, 1), seed=0).get_weights() if w.ndim == 2]

    assert len({kernel.tobytes() for kernel in kernels}) == len(kernels) == 4


@pytest.mark.parametrize("widths", [("inputs",), (40, "inputs")])
def test_a_coding_can_be_as_large_as_the_inputs(widths: tuple[int | str, ...]) -> None:
    overcomplete = DENSE.model_copy(update={"widths": widths})

    encoder = build(overcomplete, (7, 5, 3), seed=0).get_layer("encoder")

    assert encoder.output_shape == (None, 105)
