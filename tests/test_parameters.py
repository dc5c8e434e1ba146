import pytest

from autoencoder_lab.parameters import DenseParams


@pytest.mark.parametrize(
    ("given", "widths"), [([200, 50], (200, 50)), ("200-50", (200, 50)), (50, (50,))]
)
def test_widths_are_a_list_or_as_the_command_line_can_give_them(
    given: object, widths: tuple[int, ...]
) -> None:
    params = DenseParams.model_validate(
        {
            "family": "dense",
            "widths": given,
            "activation": "selu",
            "output_activation": "sigmoid",
        }
    )

    assert params.widths == widths
