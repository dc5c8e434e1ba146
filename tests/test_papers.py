"""What docs/papers.md says of runs, held to what runs of the environment `papers` have."""

import re
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import capabilities, family_of, strategy_of

PROJECT = Path(__file__).parents[1]
PAGE = (PROJECT / "docs/papers.md").read_text()
ROWS = re.findall(r"^\|.*\| `(\w+)` \| `([\w/]+)` \|", PAGE, re.MULTILINE)
OF_TEXT = re.findall(r"\(`(\w+/\w+)`\)", PAGE)
DRAWS = ("ladder_1", "ladder_2", "ladder_3", "ladder_4")


def variants() -> dict[str, Any]:
    files = (PROJECT / "conf").glob("*/parameters/*.yml")
    read = OmegaConf.to_container(
        OmegaConf.merge(
            *(OmegaConf.load(file) for file in files if file.parts[-3] in {"base", "papers"})
        )
    )
    assert isinstance(read, dict)
    return {str(name): block for name, block in read.items()}


def test_the_table_has_a_row_for_each_claim() -> None:
    table = [line for line in PAGE.splitlines() if line.startswith("|")]
    claims = [line for line in table if line.count("|") == 9]

    assert len(ROWS) == len(claims) - 2  # without its head
    assert len(OF_TEXT) == 6


@pytest.mark.parametrize(("variant", "key"), ROWS)
def test_runs_have_what_a_row_is_about(variant: str, key: str) -> None:
    block = variants()[variant]
    can = capabilities(family_of(block["model"]), strategy_of(block["training"]))

    assert key in contract.required(["a view"], {*can, "classes", "grey"})


@pytest.mark.parametrize("key", OF_TEXT)
def test_few_labels_are_measured_as_the_page_says(key: str) -> None:
    available: set[contract.Need] = {"encoder", "classifier", "classes", "few_labels"}

    assert key in contract.required(["a view"], available)


def test_the_command_runs_all_variants_of_the_table() -> None:
    study = OmegaConf.load(PROJECT / "conf/papers/study.yml")

    assert {variant for variant, _ in ROWS} | set(DRAWS) <= set(study["variants"])
    assert set(study["variants"]) <= variants().keys()


@pytest.mark.parametrize("variant", DRAWS)
def test_other_draws_differ_from_the_ladder_in_nothing_else(variant: str) -> None:
    of_papers, of_base = variants()[variant], variants()["ladder"]

    assert of_papers["training"]["strategy"].pop("draw") == DRAWS.index(variant) + 1
    assert of_base["training"]["strategy"].pop("draw") == 0
    assert of_papers == of_base
