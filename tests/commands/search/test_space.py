import re

import optuna
import pytest

from autoencoder_lab.commands.search.space import as_variant, edges, read_space, suggest
from autoencoder_lab.parameters import RangeParams
from autoencoder_lab.parameters.problems import WrongParameters

BLOCK = {
    "model": {
        "family": "dense",
        "widths": [100, 30],
        "activation": "selu",
        "output_activation": "sigmoid",
    },
    "training": {
        "loss": "mse",
        "optimizer": "adam",
        "learning_rate": 0.001,
        "epochs": 3,
        "batch_size": 32,
        "patience": None,
    },
}
SPACE = {
    "model.widths": ([100, 30], [300, 100, 30]),
    "training.learning_rate": RangeParams(low=0.001, high=0.1, log=True),
    "training.batch_size": RangeParams(low=16, high=64),
    "training.beta_1": (0.5, 0.9),
}


def test_what_is_tried_is_in_the_space_and_the_rest_is_as_it_was() -> None:
    tried = []

    def objective(trial: optuna.Trial) -> float:
        block = suggest(trial, BLOCK, SPACE)
        tried.append(as_variant(block))
        assert {**block["training"], **dict.fromkeys(("learning_rate", "batch_size"))}.keys() == {
            *BLOCK["training"],
            "beta_1",
        }
        return block["training"]["learning_rate"]

    before = str(BLOCK)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=40)

    assert str(BLOCK) == before
    assert {variant.model.widths for variant in tried} == {(100, 30), (300, 100, 30)}
    rates = [variant.training.learning_rate for variant in tried]
    assert 0.001 <= min(rates) < 0.002
    assert 0.05 < max(rates) <= 0.1
    assert all(isinstance(variant.training.batch_size, int) for variant in tried)
    assert {variant.training.loss for variant in tried} == {"mse"}


def test_the_block_of_a_trial_is_found_again() -> None:
    study = optuna.create_study()
    blocks = []
    study.optimize(lambda trial: blocks.append(suggest(trial, BLOCK, SPACE)) or 0, n_trials=1)

    assert suggest(study.best_trial, BLOCK, SPACE) == blocks[0]


def test_each_value_and_both_ends_of_a_range_can_be_looked_at() -> None:
    found = list(edges(BLOCK, SPACE))

    assert [block["training"]["batch_size"] for block in found[4:6]] == [16, 64]
    assert len(found) == 8
    assert [block["model"]["widths"] for block in found[1:3]] == [[300, 100, 30], [100, 30]]


WRITTEN = {
    "training.learning_rate": {"low": 0.001, "high": 0.1, "log": True},
    "model.widths": [[100, 30], [300, 100, 30]],
}


def test_a_space_is_read_as_it_is_written() -> None:
    assert read_space(WRITTEN, BLOCK) == {
        "training.learning_rate": RangeParams(low=0.001, high=0.1, log=True),
        "model.widths": ([100, 30], [300, 100, 30]),
    }


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("training.learning_rate", {"low": 2, "high": 1}, "learning_rate.high is 1; allowed: more"),
        ("training.learning_rate", {"low": 0, "high": 1, "log": True}, "low is 0; allowed: more"),
        ("training.learning_rate", {"low": 0.1, "hihg": 1}, "learning_rate.hihg is unknown"),
        ("training.optimizer", ["adam"], "optimizer is ['adam']; allowed: two values or more"),
        ("training.optimizer", "adam", "optimizer is 'adam'; allowed: two values or more"),
        ("optimizer", ["adam", "sgd"], "optimizer is no parameter; allowed: such as training."),
        ("model.widths.0", [50, 100], "model.widths.0 is no parameter"),
    ],
)
def test_a_wrong_space_is_refused(key: str, values: object, message: str) -> None:
    with pytest.raises(WrongParameters, match=re.escape(message)):
        read_space({**WRITTEN, key: values}, BLOCK)
