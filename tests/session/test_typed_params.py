import shlex

import pytest

from autoencoder_lab.failures import BadInput
from autoencoder_lab.session.typed_params import names_as_text, read_typed


@pytest.mark.parametrize("name", ["007", "1.10", "4217e2", "2026_11", "true", "2026-11-27", "0x1F"])
@pytest.mark.parametrize("key", ["dataset", "run_key", "evaluation.normal_class"])
def test_names_stay_as_they_were_typed(key: str, name: str) -> None:
    params = read_typed(f"seed=3,{key}={name}")

    for part in key.split("."):
        params = params[part]
    assert params == name


@pytest.mark.parametrize("name", ["null", "~", ""])
def test_no_name_is_none(name: str) -> None:
    assert read_typed(f"run_key={name}") == {"run_key": None}


def test_names_in_quotes_are_read_as_yaml_does() -> None:
    assert read_typed("run_key='1.10',dataset=\"a b\"") == {"run_key": "1.10", "dataset": "a b"}


def test_other_values_are_yaml() -> None:
    read = read_typed("seed=3,stacked.training.learning_rate=1e-3, stacked.training.patience=null")

    assert read == {"seed": 3, "stacked": {"training": {"learning_rate": 0.001, "patience": None}}}
    assert read_typed("") == {}


@pytest.mark.parametrize("value", ["!test/**", "*.png", "[", "%"])
def test_what_cannot_be_read_is_said_with_how_it_is_written(value: str) -> None:
    with pytest.raises(BadInput, match=r"ingest\.pattern is .*, which cannot be read") as caught:
        names_as_text(f"ingest.pattern={value}")

    _, typed = shlex.split(str(caught.value)[str(caught.value).index("--params") :])
    assert read_typed(typed) == {"ingest": {"pattern": value}}


@pytest.mark.parametrize("typed", ["seed", "[", "seed=3,ingest.pattern=x.(jpg,png)"])
def test_what_is_no_key_with_a_value_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="allowed: <key>=<value>, parted by commas"):
        read_typed(typed)


@pytest.mark.parametrize("typed", ["[=1", "seed=" + 9999 * "9", "a=[1],a.b=2", 'run_key="a'])
def test_keys_and_numbers_that_cannot_be_read_are_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="which cannot be read"):
        read_typed(typed)
