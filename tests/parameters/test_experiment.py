import pytest

from autoencoder_lab.parameters import DenseParams, IngestParams, flatten


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


def test_parameters_are_flattened_to_dotted_keys() -> None:
    ingest = IngestParams(validation_fraction=0.1, test_fraction=0.2, split_seed=1)

    flat = flatten({"seed": 3, "ingest": ingest, "a": {"b": {"c": (1, 2)}}})

    assert flat == {
        "seed": 3,
        "ingest.validation_fraction": 0.1,
        "ingest.test_fraction": 0.2,
        "ingest.split_seed": 1,
        "a.b.c": (1, 2),
    }
