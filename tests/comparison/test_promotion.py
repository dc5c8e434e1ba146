from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
import pytest

from autoencoder_lab.comparison.champions import Champion
from autoencoder_lab.comparison.promotion import ValidationData, choose_champion, record_promotion
from autoencoder_lab.comparison.results import CellResult
from autoencoder_lab.images.arrays import Autoencoder, Images
from autoencoder_lab.metrics import codings, reconstruction
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams

from ..stored_images import stored

IMAGES: Images = np.random.default_rng(0).random((60, 7, 5, 3), dtype=np.float32)
LABELS = np.arange(60) % 3
DATA = ValidationData(stored(IMAGES[:40]), LABELS[:40], stored(IMAGES[40:]), LABELS[40:])
MSE = "validation/mse"


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    params = DenseParams(
        family="dense", widths=(9, 4), activation="selu", output_activation="sigmoid"
    )
    return build(params, (7, 5, 3), seed=0)


@pytest.fixture
def champion(model: Autoencoder) -> Champion:
    return Champion("3", "old run", "linear, seed 7", load_model=lambda: model)


def cells(like: CellResult, metric: str, **scores: Sequence[float]) -> list[CellResult]:
    return [
        replace(
            like, variant=variant, seed=seed, run_id=f"{variant} {seed}", metrics={metric: value}
        )
        for variant, values in scores.items()
        for seed, value in enumerate(values)
    ]


def test_the_first_champion_is_the_best_seed_of_the_best_variant(cell_result: CellResult) -> None:
    results = cells(cell_result, MSE, tied=[0.4, 0.2], linear=[0.1, 0.9])

    chosen = choose_champion(results, None, DATA, MSE)

    assert (chosen["run_id"], chosen["is_promoted"]) == ("tied 1", True)
    assert chosen["reason"] == "there was no champion"
    assert chosen["score"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("lead", "spread", "is_promoted"),
    [(0.02, 0.001, True), (0.02, 0.05, False), (-0.02, 0.001, False), (0.0, 0.0, False)],
    ids=["beyond the interval", "within it", "worse", "equal"],
)
@pytest.mark.parametrize(("metric", "sign"), [(MSE, -1), ("validation/psnr", 1)])
def test_the_alias_moves_if_the_interval_leaves_out_the_champions_score(
    cell_result: CellResult,
    champion: Champion,
    metric: str,
    sign: int,
    lead: float,
    spread: float,
    is_promoted: bool,
) -> None:
    served = DATA.score(metric, champion.load_model())
    mean = served + sign * lead
    results = cells(cell_result, metric, tied=[mean - spread, mean, mean + spread])

    chosen = choose_champion(results, champion, DATA, metric)

    assert chosen["is_promoted"] is is_promoted
    assert chosen["champion_score"] == served
    assert chosen["champion"] == "version 3 (linear, seed 7)"
    assert ("not better" in chosen["reason"]) is not is_promoted
    assert f"{served:.5g}" in chosen["reason"]


def test_what_knows_one_class_is_no_champion(cell_result: CellResult) -> None:
    results = cells(cell_result, MSE, tied=[0.1, 0.2])

    chosen = choose_champion(results, None, DATA, MSE, normal_class="cat")

    assert not chosen["is_promoted"]
    assert "evaluation.normal_class is 'cat'" in chosen["reason"]


def test_one_seed_never_moves_the_alias(cell_result: CellResult, champion: Champion) -> None:
    chosen = choose_champion(cells(cell_result, MSE, tied=[0.0]), champion, DATA, MSE)

    assert (chosen["is_promoted"], chosen["interval"]) == (False, None)
    assert "one seed has no interval" in chosen["reason"]


def test_the_champion_does_not_replace_itself(cell_result: CellResult, champion: Champion) -> None:
    results = cells(cell_result, MSE, tied=[0.1, 0.2])

    chosen = choose_champion(results, replace(champion, run_id="tied 0"), DATA, MSE)

    assert (chosen["is_promoted"], chosen["reason"]) == (False, "it is the champion already")


def test_what_is_recorded_is_what_came_of_it(cell_result: CellResult, champion: Champion) -> None:
    results = cells(cell_result, MSE, tied=[0.0, 0.0])
    candidate = choose_champion(results, champion, DATA, MSE)
    won = replace(champion, version="4", run_id=candidate["run_id"])
    other = replace(champion, version="5", run_id="another run")

    assert candidate["is_promoted"]
    assert record_promotion(candidate, won) == candidate
    lost, proposed = (record_promotion(candidate, after) for after in (other, champion))
    assert (lost["is_promoted"], proposed["is_promoted"]) == (False, False)
    assert lost["reason"].startswith("the champion became version 5 (linear, seed 7) during")
    assert proposed["reason"].startswith("proposed only, as its user may not move the champion")


def test_a_champion_that_is_gone_or_of_another_shape_stays_and_it_is_said(
    cell_result: CellResult, champion: Champion
) -> None:
    def fail() -> Autoencoder:
        raise OSError("no such artifact")

    results = cells(cell_result, MSE, tied=[0.0, 0.0])
    smaller = replace(DATA, images=stored(IMAGES[40:, :5]))

    gone = choose_champion(results, replace(champion, load_model=fail), DATA, MSE)
    other = choose_champion(results, champion, smaller, MSE)

    assert not gone["is_promoted"]
    assert "cannot be loaded: no such artifact. To start afresh, delete the alias" in gone["reason"]
    assert not other["is_promoted"]
    assert "takes images of 7x5x3" in other["reason"]


def test_variants_without_the_metric_take_no_part(cell_result: CellResult) -> None:
    encoders = cells(cell_result, "validation/linear_accuracy", encoder=[0.9, 0.9])
    results = [*encoders, *cells(cell_result, MSE, tied=[0.4, 0.2])]

    assert choose_champion(results, None, DATA, MSE)["variant"] == "tied"
    with pytest.raises(
        ValueError, match=r"promotion\.metric is 'validation/mse', which no variant"
    ):
        choose_champion(encoders, None, DATA, MSE)


def test_a_champion_that_has_no_part_for_the_metric_stays_and_it_is_said(
    cell_result: CellResult, champion: Champion, model: keras.Model
) -> None:
    encoder = keras.Sequential([keras.Input((7, 5, 3)), model.get_layer("encoder")])
    results = cells(cell_result, MSE, tied=[0.0, 0.0])

    chosen = choose_champion(results, replace(champion, load_model=lambda: encoder), DATA, MSE)

    assert not chosen["is_promoted"]
    assert "the champion has no decoder. To start afresh" in chosen["reason"]


def test_a_model_is_scored_as_its_own_run_would_be(model: Autoencoder) -> None:
    reconstructions = model.predict(IMAGES[40:], 20, 0)
    encoder = model.get_layer("encoder")
    probe = codings.linear_probe(encoder.predict(IMAGES[:40], 40, 0), DATA.train_labels)

    errors, _ = reconstruction.errors(IMAGES[40:], reconstructions)
    for name, error in errors.items():
        assert DATA.score(f"validation/{name}", model) == pytest.approx(error)
    assert DATA.score("validation/linear_accuracy", model) == probe(
        encoder.predict(IMAGES[40:], 20, 0), DATA.labels
    )
