import numpy as np
import pytest

from autoencoder_lab.images.arrays import UNLABELLED, Autoencoder, Images, RawImages
from autoencoder_lab.images.sources import StoredImages
from autoencoder_lab.metrics.reconstruction import image_errors
from autoencoder_lab.models import build, build_log_variance
from autoencoder_lab.parameters import ConvolutionalParams, DenseParams, EvaluationParams
from autoencoder_lab.pipelines.evaluation.nodes import (
    draw_activity,
    draw_denoising,
    draw_errors,
    draw_filters,
    draw_map,
    draw_map_page,
    draw_reconstructions,
    draw_walk,
    encode_images,
    map_codings,
    measure_anomalies,
    measure_baseline,
    measure_codings,
    measure_denoising,
    measure_likelihood,
    measure_map,
    measure_reconstructions,
    reconstruct_images,
)

from ...stored_images import stored

PARAMS = EvaluationParams(normal_class=None, tsne_images=50, tsne_perplexity=10)


@pytest.fixture(scope="module")
def images() -> Images:
    pixels = np.random.default_rng(0).random((60, 7, 5, 3), dtype=np.float32)
    pixels.setflags(write=False)
    return pixels


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    params = DenseParams(
        family="dense", widths=(9, 4), activation="selu", output_activation="sigmoid"
    )
    return build(params, (7, 5, 3), seed=0)


def test_the_page_of_a_map_names_the_files_of_the_test_images(images: Images) -> None:
    labels = np.arange(60) % 3
    files = {"train": [f"{number:02}.png" for number in range(60)]}
    raw_images = RawImages(images, labels, files=files)
    test_images = StoredImages(images, np.array([40, 7, 23]))
    points = np.array([[0, 0], [1, 0], [0, 1]], np.float32)

    page = draw_map_page(points, raw_images, test_images, labels[:3], dict(enumerate("abc")))

    assert [name for name in files["train"] if name in page] == ["07.png", "23.png", "40.png"]


def test_images_are_reconstructed_and_denoised(model: Autoencoder, images: Images) -> None:
    made = reconstruct_images(model, images[:9], images, {"darker": images / 2, "same": images})

    assert list(made["denoised_views"]) == ["darker", "same"]
    assert made["reconstructions"].shape == images.shape
    np.testing.assert_allclose(
        made["validation_reconstructions"][:], made["reconstructions"][:9], atol=1e-6
    )
    np.testing.assert_array_equal(made["denoised_views"]["same"][:], made["reconstructions"][:])


def test_codings_are_flat_and_what_the_decoder_makes_reconstructions_of(images: Images) -> None:
    params = ConvolutionalParams(
        family="convolutional",
        filters=(4,),
        kernel_size=3,
        activation="selu",
        output_activation="sigmoid",
    )
    model = build(params, (7, 5, 3), seed=0)

    encoded = encode_images(model, stored(images[:40]), stored(images[:7]), stored(images))

    assert encoded["codings"].shape == (60, 3 * 2 * 4)
    np.testing.assert_allclose(encoded["train_codings"], encoded["codings"][:40], rtol=1e-5)
    np.testing.assert_allclose(encoded["validation_codings"], encoded["codings"][:7], rtol=1e-5)
    decoded = model.get_layer("decoder").predict(encoded["codings"].reshape(60, 3, 2, 4), 60, 0)
    reconstructions = reconstruct_images(model, images, images, {})["reconstructions"][:]
    np.testing.assert_allclose(decoded, reconstructions, rtol=1e-5)


def test_the_baseline_has_as_many_components_as_the_codings_have_numbers(images: Images) -> None:
    train, test = images[:40], images[40:]

    wide, narrow = (
        measure_baseline(stored(train), test, np.zeros((20, width), np.float32), 0)
        for width in (200, 2)
    )

    assert list(wide) == ["baseline/pca_mse"]
    assert wide["baseline/pca_mse"] < narrow["baseline/pca_mse"]


def test_codings_are_measured_by_classes_only_where_there_are_classes() -> None:
    labels = np.arange(60) % 3
    codings = np.eye(3, dtype=np.float32)[labels]
    points = codings[:50, :2]

    wrong = (labels[:4] + 1) % 3

    measured = measure_codings(codings, labels, codings[:4], wrong, codings, labels, True, 0)
    on_the_map = measure_map(codings, points, labels)
    unlabelled = np.full(60, UNLABELLED)

    assert measured == {
        "validation/linear_accuracy": 0,
        "probe/linear_accuracy": 1,
        "probe/knn_accuracy": 1,
        "cluster/nmi": pytest.approx(1),
    }
    assert on_the_map["tsne/knn_accuracy"] == 1
    without = measure_codings(codings, labels, codings[:4], wrong, codings, labels, False, 0)
    assert without == {}
    assert list(measure_map(codings, points, unlabelled)) == ["tsne/trustworthiness"]


def test_reconstructions_are_measured_against_the_images(images: Images) -> None:
    measured = measure_reconstructions(images[:9], images[:9] / 3, images, images / 2)
    metrics = measured["reconstruction_metrics"]

    names = ("mse", "bce", "psnr", "ssim")
    assert list(metrics) == [
        f"{split}/{name}" for split in ("validation", "test") for name in names
    ]
    assert metrics["test/mse"] == pytest.approx(image_errors(images, images / 2).mean())
    assert metrics["validation/mse"] == pytest.approx(
        image_errors(images[:9], images[:9] / 3).mean()
    )


def test_denoising_is_measured_against_the_clean_images(images: Images) -> None:
    views = {"half": images / 2, "dark": images / 4}

    perfect = measure_denoising(images, views, {name: images for name in views})
    idle = measure_denoising(images, views, views)

    assert list(idle) == ["denoise/half/psnr_gain", "denoise/dark/psnr_gain"]
    assert list(idle.values()) == [0, 0]
    assert perfect["denoise/dark/psnr_gain"] > perfect["denoise/half/psnr_gain"] > 50


def test_the_map_is_of_the_first_codings_and_repeats_by_seed() -> None:
    codings = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)

    first, again = (map_codings(codings, PARAMS, 1) for _ in range(2))

    assert first.shape == (50, 2)
    np.testing.assert_array_equal(first, again)
    assert 0.7 < measure_map(codings, first, np.zeros(60, np.int64))["tsne/trustworthiness"] <= 1


@pytest.mark.parametrize("spread", [0, 1e-25, 1e-14])
@pytest.mark.parametrize("value", [0, 3.3])
def test_codings_that_are_all_equal_are_mapped(value: float, spread: float) -> None:
    noise = np.random.default_rng(0).normal(0, spread, (24, 30))

    points = map_codings((value + noise).astype(np.float32), PARAMS, 0)

    assert points.shape == (24, 2)
    assert np.isfinite(points).all()


@pytest.mark.parametrize("shape", [(3, 4), (60, 1)], ids=["three images", "one number a coding"])
def test_few_codings_and_narrow_ones_are_mapped_too(
    shape: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    codings = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    points = map_codings(codings, PARAMS, 0)

    assert points.shape == (min(shape[0], 50), 2)
    assert np.isfinite(points).all()
    is_capped = "perplexity is 0.7, not 10: there are 3 images" in caplog.text
    assert is_capped == (len(codings) == 3)


def test_the_figures_show_what_they_are_given(images: Images) -> None:
    reconstructions = draw_reconstructions(images, images / 2)
    denoising = draw_denoising(images, {"dark": images / 4}, {"dark": images / 2})
    points = np.zeros((50, 2), np.float32)
    mapped = draw_map(points, images, np.arange(60) % 3, dict(enumerate("abc")))
    of_all, *worst = draw_errors(
        image_errors(images, images / 2), np.zeros(60, bool), images, images / 2
    ).axes

    labels = [axes.get_ylabel() for axes in reconstructions.axes]
    assert labels == ["input", "reconstruction"]
    labels = [axes.get_ylabel() for axes in denoising.axes]
    assert labels == ["clean", "dark", "denoised"]
    assert len(mapped.axes[0].collections) == 3
    assert sum(bar.get_height() for bar in of_all.patches) == 60
    assert [axes.get_ylabel() for axes in worst] == ["largest errors", "reconstruction"]


@pytest.mark.parametrize("is_labelled", [True, False])
def test_walks_lead_from_image_to_image_over_decoded_codings(
    model: Autoencoder, images: Images, is_labelled: bool
) -> None:
    labels = np.repeat([2, 0, 1], 20) if is_labelled else np.full(60, UNLABELLED)
    codings = encode_images(model, *[stored(images)] * 3)["codings"]
    reconstructions = reconstruct_images(model, images, images, {})["reconstructions"][:]

    figure = draw_walk(model, images, codings, labels, {0: "zero", 1: "one", 2: "two"})

    stops = [0, 20, 40] if is_labelled else list(range(7))
    rows = [axes.images[0].get_array() for axes in figure.axes]
    assert len(rows) == len(stops) - 1
    for row, start, end in zip(rows, stops[:-1], stops[1:], strict=True):
        first, second, *_, last_but_one, last = np.split(
            np.pad(row, ((0, 0), (0, 1), (0, 0))), 12, axis=1
        )
        for shown, expected in (
            (first, images[start]),
            (second, reconstructions[start]),
            (last_but_one, reconstructions[end]),
            (last, images[end]),
        ):
            np.testing.assert_allclose(shown[:, :5], expected, atol=1e-6)
    names = [axes.get_ylabel() for axes in figure.axes]
    assert names == (["two to zero", "zero to one"] if is_labelled else [""] * 6)


def test_codings_of_two_numbers_are_shown_as_a_plane(images: Images) -> None:
    params = DenseParams(family="dense", widths=(2,), activation="selu", output_activation="linear")
    plane = build(params, (7, 5, 3), seed=0)
    corners = np.array([(-1, -2), (-1, 2), (3, -2), (3, 2)], np.float32)
    codings = np.repeat(corners, 15, axis=0)

    figure = draw_walk(plane, images, codings, np.full(60, UNLABELLED), {})

    rows = [axes.images[0].get_array() for axes in figure.axes]
    (low, top_right), (bottom_left, high) = (
        np.split(np.pad(row, ((0, 0), (0, 1), (0, 0))), 12, axis=1)[::11]
        for row in (rows[0], rows[-1])
    )
    decoded = plane.get_layer("decoder").predict_on_batch(corners)
    for shown, expected in zip((bottom_left, low, high, top_right), decoded, strict=True):
        np.testing.assert_allclose(shown[:, :5], expected.clip(0, 1), atol=1e-6)
    assert [axes.get_ylabel() for axes in figure.axes][::11] == ["2", "-2"]
    assert "-1 to 3 from left to right" in figure.get_suptitle()


def test_filters_and_activity_are_those_of_the_encoder(model: Autoencoder) -> None:
    codings = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)

    assert draw_filters(model).get_suptitle() == "Filters of the first layer"
    assert "4 of 4 units active" in draw_activity(codings).get_suptitle()


def test_anomalies_are_measured_where_there_are_some() -> None:
    errors, anomalies = np.linspace(0, 1, 10), np.arange(10) >= 7

    assert measure_anomalies(errors, anomalies) == {
        "anomaly/auroc": 1,
        "anomaly/average_precision": 1,
    }
    assert measure_anomalies(errors, np.zeros(10, bool)) == {}


@pytest.fixture(scope="module")
def variational() -> tuple[Autoencoder, Autoencoder]:
    """Return an untrained model of grey images, and what gives its log-variances."""
    params = DenseParams(
        family="dense",
        widths=(9, 4),
        activation="relu",
        coding_activation="linear",
        output_activation="sigmoid",
    )
    model = build(params, (7, 5, 1), seed=0)
    return model, build_log_variance(model.get_layer("encoder"), seed=0)


def test_bounds_are_of_black_and_white_images_and_the_same_for_a_seed(
    variational: tuple[Autoencoder, Autoencoder], images: Images
) -> None:
    grey = stored(images[..., :1])

    metrics, again, other_draws, other_pixels = (
        measure_likelihood(*variational, grey, split_seed, seed)
        for split_seed, seed in ((0, 1), (0, 1), (0, 2), (3, 1))
    )

    assert metrics == again
    assert metrics["test/elbo"] < metrics["test/iw_bound"] < 0
    assert other_draws["test/rate"] == metrics["test/rate"]
    assert other_draws["test/elbo"] == pytest.approx(metrics["test/elbo"], rel=0.01)
    assert other_draws["test/elbo"] != metrics["test/elbo"]
    assert other_pixels["test/rate"] != metrics["test/rate"]


def test_colours_have_no_likelihood(images: Images) -> None:
    params = DenseParams(
        family="dense",
        widths=(9, 4),
        activation="relu",
        coding_activation="linear",
        output_activation="sigmoid",
    )
    model = build(params, (7, 5, 3), seed=0)
    log_variance = build_log_variance(model.get_layer("encoder"), seed=0)

    metrics = measure_likelihood(model, log_variance, stored(images), 0, 0)

    assert metrics.keys() == {"codings/active_units"}
