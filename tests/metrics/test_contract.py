import runpy
from pathlib import Path

import pytest

from autoencoder_lab.metrics import contract

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("key", ["test/mse", "denoise/gaussian_0.2/psnr_gain", "node/a/seconds"])
def test_a_metric_is_found_by_its_key(key: str) -> None:
    assert contract.find(key).key.split("/")[0] == key.split("/")[0]


@pytest.mark.parametrize(
    "key", ["test/mae", "test/mse/", "denoise/psnr_gain", "denoise/a/b/psnr_gain"]
)
def test_a_key_that_is_not_in_the_contract_is_an_error(key: str) -> None:
    assert contract.get(key) is None
    with pytest.raises(ValueError, match="is not in the contract"):
        contract.find(key)


@pytest.mark.parametrize(
    ("key", "name"), [("val/loss", "val/loss"), ("val/sparsity", "val/{part}")]
)
def test_the_loss_is_none_of_its_parts(key: str, name: str) -> None:
    assert contract.find(key).key == name


def test_variants_are_ranked_by_what_is_their_own_doing_and_has_a_better_side() -> None:
    ranking = {metric.key for metric in contract.METRICS if metric.ranks_variants}

    assert {"test/mse", "probe/linear_accuracy", "pretraining/gain"} <= ranking
    assert not ranking & {
        "baseline/pca_mse",
        "fit/best_val_loss",
        "fit/seconds",
        "model/latent_dim",
        "pretraining/scratch",
        "val/loss",
    }


def test_there_is_a_gain_for_each_view_and_nothing_of_classes_without_labels() -> None:
    labelled = contract.required(["dark", "dim"], {"encoder", "decoder", "classes"})
    unlabelled = contract.required(["dark", "dim"], {"encoder", "decoder"})

    assert {"denoise/dark/psnr_gain", "denoise/dim/psnr_gain", "test/mse"} <= unlabelled
    assert "validation/mse" in unlabelled
    assert {key.split("/")[0] for key in labelled - unlabelled} == {
        "validation",
        "baseline",
        "pretraining",
        "probe",
        "cluster",
        "tsne",
        "samples_mixture",
        "samples_reconstructed",
        "samples_real",
    }
    assert all(contract.find(key) for key in labelled)
    assert not any("{" in key for key in labelled)


def test_anomalies_are_measured_where_there_are_some() -> None:
    without = contract.required(["dark"], {"encoder", "decoder"})
    with_them = contract.required(["dark"], {"encoder", "decoder", "anomalies"})

    assert with_them - without == {"anomaly/auroc", "anomaly/average_precision"}


def test_a_model_is_measured_by_what_it_has() -> None:
    data: set[contract.Need] = {"classes", "anomalies"}
    everywhere = contract.required(["dark"], data)
    encoder = contract.required(["dark"], data | {"encoder"})
    decoder = contract.required(["dark"], data | {"decoder"})

    assert {key.split("/")[0] for key in decoder - everywhere} == {"samples_real"}
    assert {key.split("/")[0] for key in everywhere} == {"model", "fit", "train", "val"}
    assert {"probe/linear_accuracy", "tsne/trustworthiness", "pretraining/gain"} <= encoder
    assert not encoder & {"test/mse", "denoise/dark/psnr_gain", "baseline/pca_mse", "anomaly/auroc"}


def test_the_document_says_what_the_code_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(RuntimeWarning, match="found in sys.modules"):
        runpy.run_module(contract.__name__, run_name="__main__")

    written = (PROJECT / "docs" / "metrics.md").read_text()
    assert written == capsys.readouterr().out, (
        "regenerate it, as contract.py says in its first lines"
    )


def test_likelihood_is_of_grey_images_and_distributions_of_codings() -> None:
    can: set[contract.Need] = {"encoder", "decoder", "prior", "posterior"}

    in_colour = contract.required(["dark"], can) - contract.required(["dark"], can - {"posterior"})
    grey = contract.required(["dark"], can | {"grey"}) - contract.required(["dark"], can)

    assert in_colour == {"codings/active_units"}
    assert grey == {"test/elbo", "test/iw_bound", "test/rate", "test/distortion"}


@pytest.mark.parametrize(("data", "prefix"), [("classes", ""), ("unclassed", "pixels_")])
def test_samples_are_measured_where_there_are_some(data: contract.Need, prefix: str) -> None:
    def keys(*can: contract.Need) -> set[str]:
        required = contract.required(["dark"], {data, *can})
        return {key for key in required if key.startswith("samples")}

    def sources(*can: contract.Need) -> set[str]:
        return {key.split("/")[0] for key in keys(*can)}

    assert keys("encoder", "prior") == set()
    from_both = keys("encoder", "decoder", "prior")
    assert {f"samples/{prefix}frechet", f"samples_mixture/{prefix}coverage"} <= from_both
    assert sources("decoder", "prior") == {"samples", "samples_real"}
    assert sources("encoder", "decoder") == {
        "samples_mixture",
        "samples_reconstructed",
        "samples_real",
    }
    assert ("samples/trained_accuracy" in from_both) == (data == "classes")
