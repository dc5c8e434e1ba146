from pathlib import Path

import pytest
import yaml

from autoencoder_lab.parameters import StudyParams
from autoencoder_lab.parameters.problems import WrongParameters, validate

CONF = Path(__file__).parents[2] / "conf"
STUDY = {
    "run_key": "november",
    "datasets": ["mnist"],
    "variants": None,
    "seeds": [1, 2],
    "params": None,
}


def test_the_default_study_is_all_variants_three_seeds_and_mnist() -> None:
    params = StudyParams.model_validate(yaml.safe_load((CONF / "base" / "study.yml").read_text()))

    assert params.variants is None
    assert params.datasets == ("mnist",)
    assert len(params.seeds) == 3


def test_a_single_value_is_a_list_of_one() -> None:
    params = StudyParams.model_validate({**STUDY, "datasets": "digits", "seeds": 7})

    assert (params.datasets, params.seeds) == (("digits",), (7,))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"seeds": [1, "x"]}, "seeds.1 is 'x'; allowed: integer"),
        ({"seeds": [-1]}, "seeds.0 is -1; allowed: greater than or equal to 0"),
        ({"seeds": [1, 1]}, "seeds is [1, 1]; allowed: each only once"),
        ({"variants": []}, "variants is []; allowed: a list of 1 or more"),
        ({"datasets": {"a": 1}}, "datasets is {'a': 1}; allowed: a list, as [a, b]"),
        (
            {"datasets": ["../x"]},
            "datasets.0 is '../x'; allowed: letters, digits, '_', '-' and '.', the last two not in "
            "front",
        ),
        (
            {"seedz": [1]},
            "seedz is unknown (did you mean seeds?); allowed: run_key, datasets, variants, seeds, "
            "params",
        ),
        (
            {"params": "tied.training.epochs=2,seed=3"},
            "params is 'tied.training.epochs=2,seed=3'; allowed: other keys than dataset, seed and "
            "run_key, which have options of their own",
        ),
        (
            {"params": "tied.training.epochs"},
            "params is 'tied.training.epochs'; allowed: keys and values, as "
            "stacked.training.epochs=20,evaluation.tsne_images=500",
        ),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(
    change: dict[str, object], problem: str
) -> None:
    with pytest.raises(WrongParameters) as wrong:
        validate({**STUDY, **change}, StudyParams)

    assert wrong.value.problems == [problem]
