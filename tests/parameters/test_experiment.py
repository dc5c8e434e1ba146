import pytest

from autoencoder_lab.parameters import (
    DenseParams,
    EvaluationParams,
    GaussianNoiseParams,
    VariantParams,
    as_logged,
    flatten,
    run_parameters,
)

from .project_parameters import project_parameters


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
    noise = GaussianNoiseParams(kind="gaussian", stddev=0.2)

    flat = flatten({"seed": 3, "noise": noise, "a": {"b": {"c": (1, 2)}}})

    assert flat == {
        "seed": 3,
        "noise.kind": "gaussian",
        "noise.stddev": 0.2,
        "a.b.c": (1, 2),
    }


def test_long_values_are_shortened_and_still_told_apart() -> None:
    long, other = "x" * 7000, "x" * 6999 + "y"

    logged = [as_logged(value) for value in (long, other, long, "x" * 6000, 0.1)]

    assert all(len(text) <= 6000 for text in logged)
    assert logged[0] == logged[2] != logged[1]
    assert logged[3:] == ["x" * 6000, "0.1"]


def test_parameters_of_a_run_are_the_same_whichever_blocks_kedro_has_typed() -> None:
    read = project_parameters(**{"evaluation.tsne_perplexity": 30})
    typed = {
        **read,
        "evaluation": EvaluationParams.model_validate(read["evaluation"]),
        "gan": VariantParams.model_validate(read["gan"]),
    }

    logged = run_parameters(read, "gan")

    assert logged["evaluation.tsne_perplexity"] == 30.0
    assert str(logged["evaluation.tsne_perplexity"]) == "30.0"
    assert {key: str(value) for key, value in logged.items()} == {
        key: str(value) for key, value in run_parameters(typed, "gan").items()
    }
    assert not any(key.startswith(("promotion", "stacked")) for key in logged)
