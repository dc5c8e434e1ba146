"""The metrics that every variant's run has, under the same keys, so that runs can be compared.

Tracking checks against this list what it logs, the summary takes names and units from it, and
`python -m autoencoder_lab.metrics.contract > docs/metrics.md` writes the document. MLflow groups
charts by what stands before the last `/`.
"""

import re
import sys
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal, get_args

from autoencoder_lab.parameters import Capability

OfData = Literal["classes", "unclassed", "anomalies", "grey", "few_labels"]

Need = Capability | OfData
"""What a metric takes: of the variant, or of the data.

`classes`: all images have labels, and are trained on in two classes or more. `anomalies`: some test
images are of another class than all training images. `unclassed`: there are no such classes.
`grey`: images have one channel. `few_labels`: the parameters ask for the stage of this name.
"""

WHERE: Mapping[Need, str] = {
    "encoder": "an encoder",
    "decoder": "a decoder",
    "prior": "a prior",
    "posterior": "a distribution of codings for each image",
    "classifier": "a classifier",
    "classes": "labelled data",
    "unclassed": "data without classes",
    "anomalies": "one class to train on, others to test",
    "grey": "grey images",
    "few_labels": "`few_labels.draws` above 0",
}
"""What a metric takes, in words; the parts of a model that no metric takes are left out."""

RECONSTRUCTS: frozenset[Need] = frozenset({"encoder", "decoder"})
CODES: frozenset[Need] = frozenset({"encoder"})
TELLS_CLASSES: frozenset[Need] = frozenset({"encoder", "classes"})
LIKELIHOOD: frozenset[Need] = frozenset({"posterior", "decoder", "grey"})
Better = Literal["lower", "higher", ""]
LOWER: Better = "lower"
HIGHER: Better = "higher"
NEITHER: Better = ""
ARROWS = {"lower": "↓", "higher": "↑", "": ""}

SAMPLED: Mapping[str, tuple[str, frozenset[Need]]] = {
    "samples": ("prior", frozenset({"prior", "decoder"})),
    "samples_mixture": ("mixture", RECONSTRUCTS),
    "samples_reconstructed": ("reconstructed", RECONSTRUCTS),
    "samples_real": ("real", frozenset({"decoder"})),
}
"""What is compared with test images: what is drawn from the model's own prior, or from a mixture
that is fitted to its codings; and training images, reconstructed and as they are."""

SAMPLES: Sequence[tuple[str, str, str, Better]] = (
    ("frechet", "Fréchet", "Distance of their features from the test images'", LOWER),
    ("precision", "precision", "Share of samples that are near to a test image", HIGHER),
    ("recall", "recall", "Share of test images that are near to a sample", HIGHER),
    (
        "density",
        "density",
        "How many test images a sample is near to: 1 for real ones",
        HIGHER,
    ),
    (
        "coverage",
        "coverage",
        "Share of test images with a sample in their surroundings",
        HIGHER,
    ),
    ("novelty", "novelty", "How far the nearest training image is, 1 for test images", NEITHER),
)
SAMPLES_OF_CLASSES: Sequence[tuple[str, str, str, Better]] = (
    ("classes", "classes", "Classes of at least half their share among test images", HIGHER),
    ("class_imbalance", "imbalance", "Share of samples that are of the wrong class", LOWER),
    ("confident", "confident", "Share of samples of which the judge is sure", NEITHER),
    ("trained_accuracy", "trained on samples", "Test accuracy by the nearest samples", HIGHER),
)


@dataclass(frozen=True)
class Metric:
    """A metric of every run, or of those on data to which it applies.

    Attributes:
        key: In MLflow. `{view}` stands for a corrupted view, `{node}` for a node, `{part}` for what
            a variant's loss is made of, such as `reconstruction` and `sparsity`.
        name: In tables, short.
        unit: Empty for shares and scores, which have none.
        better: Which way; empty where neither is.
        step: What is counted where the metric is logged more than once.
        needs: What it takes, of the variant and of the data.
        is_of_variant: Whether it means the same for all variants, and is the variant's own doing.
        repeats: Whether the same code, data, parameters and seed give the same number: all but
            times do.
    """

    key: str
    name: str
    meaning: str
    unit: str = ""
    better: Better = ""
    step: Literal["epoch", "labels", ""] = ""
    needs: frozenset[Need] = frozenset()
    is_of_variant: bool = True
    repeats: bool = True

    @property
    def needs_of_model(self) -> frozenset[Need]:
        """What it takes of the variant, whatever the data."""
        return self.needs - {*get_args(OfData)}

    @property
    def unit_and_better(self) -> str:
        """The unit and, as an arrow, which way is better."""
        return f"{self.unit} {ARROWS[self.better]}".strip()

    @property
    def ranks_variants(self) -> bool:
        """Whether one variant can be better than another by it."""
        return bool(self.better) and self.is_of_variant


METRICS = (
    *(
        Metric(f"{split}/{key}", name + suffix, meaning, unit, better, needs=RECONSTRUCTS)
        for split, suffix in (("test", ""), ("validation", ", validation"))
        for key, name, meaning, unit, better in (
            ("mse", "MSE", f"Squared error of the {split} images' reconstructions", "", LOWER),
            ("bce", "BCE", "Their binary cross-entropy", "nats", LOWER),
            ("psnr", "PSNR", "Their peak signal-to-noise ratio", "dB", HIGHER),
            ("ssim", "SSIM", "Their structural similarity, at most 1", "", HIGHER),
        )
    ),
    Metric(
        "baseline/pca_mse",
        "PCA's MSE",
        "Squared error of PCA with as many components as the codings have numbers",
        "",
        "lower",
        needs=RECONSTRUCTS,
        is_of_variant=False,
    ),
    Metric(
        "denoise/{view}/psnr_gain",
        "noise removed",
        "Decibels by which denoising brings a corrupted view closer to the clean images",
        "dB",
        "higher",
        needs=RECONSTRUCTS,
    ),
    *(
        Metric(key, name, meaning, "", "higher", needs=TELLS_CLASSES)
        for key, name, meaning in (
            (
                "validation/linear_accuracy",
                "linear probe, validation",
                "Validation accuracy of logistic regression, fitted on the training codings",
            ),
            (
                "probe/linear_accuracy",
                "linear probe",
                "Test accuracy of logistic regression, fitted on the training images' codings",
            ),
            (
                "probe/knn_accuracy",
                "kNN probe",
                "Test accuracy by the 5 nearest of the training images' codings",
            ),
            (
                "cluster/nmi",
                "NMI",
                "Mutual information of the classes and k-means clusters of the codings, at most 1",
            ),
            (
                "tsne/knn_accuracy",
                "t-SNE kNN",
                "How often a point's 5 nearest others on the map are mostly of its class",
            ),
        )
    ),
    *(
        Metric(
            key,
            name,
            f"{split} accuracy of the classifier, fitted on few labels",
            "",
            HIGHER,
            needs=frozenset({"classifier", "classes"}),
        )
        for key, name, split in (
            ("semi/accuracy", "classifier", "Test"),
            ("validation/semi_accuracy", "classifier, validation", "Validation"),
        )
    ),
    *(
        Metric(f"anomaly/{key}", name, meaning, "", "higher", needs=RECONSTRUCTS | {"anomalies"})
        for key, name, meaning in (
            (
                "auroc",
                "anomalies",
                "How often an anomaly among the test images has a larger squared error than "
                "another image, at most 1",
            ),
            (
                "average_precision",
                "anomalies, AP",
                "Precision of anomalies by their squared error, averaged over recall, at most 1",
            ),
        )
    ),
    Metric(
        "tsne/trustworthiness",
        "t-SNE trust",
        "How far neighbours on the map are neighbours among the codings, at most 1",
        "",
        "higher",
        needs=CODES,
    ),
    *(
        Metric(f"test/{key}", name, meaning, "nats", better, needs=LIKELIHOOD)
        for key, name, meaning, better in (
            (
                "elbo",
                "ELBO",
                "Evidence lower bound of the test images, each pixel drawn black or white once",
                HIGHER,
            ),
            (
                "iw_bound",
                "IW bound",
                "Importance-weighted bound of the same images, by 100 codings each",
                HIGHER,
            ),
            ("rate", "rate", "Divergence of their codings from the prior", NEITHER),
            ("distortion", "distortion", "Cross-entropy of their reconstructions", LOWER),
        )
    ),
    Metric(
        "codings/active_units",
        "active units",
        "Numbers of a coding that differ from test image to test image",
        needs=frozenset({"posterior"}),
    ),
    *(
        Metric(
            f"{prefix}/{key}",
            f"{name}, {source}",
            meaning,
            better=better,
            needs=needs | {"classes"},
            is_of_variant=prefix != "samples_real",
        )
        for prefix, (source, needs) in SAMPLED.items()
        for key, name, meaning, better in (*SAMPLES, *SAMPLES_OF_CLASSES)
    ),
    *(
        Metric(
            f"{prefix}/pixels_{key}",
            f"{name}, {source}, pixels",
            f"{meaning}, by principal components",
            better=better,
            needs=needs | {"unclassed"},
            is_of_variant=prefix != "samples_real",
        )
        for prefix, (source, needs) in SAMPLED.items()
        for key, name, meaning, better in SAMPLES
    ),
    *(
        Metric(
            f"{prefix}/collapsed",
            f"collapsed, {source}",
            "1 where all samples are the same, or at least 85 % of one class; 0 otherwise",
            better=LOWER,
            needs=needs,
            is_of_variant=False,
        )
        for prefix, (source, needs) in SAMPLED.items()
    ),
    Metric(
        "samples_mixture/size",
        "mixture",
        "Normal distributions in the mixture",
        needs=RECONSTRUCTS,
    ),
    Metric("model/latent_dim", "codings", "Numbers in a coding"),
    Metric("model/parameters", "weights", "Weights in the encoder and decoder"),
    # Times are no variant's own: they depend on what else the machine does.
    Metric(
        "fit/seconds",
        "fit",
        "Time of the fit, compilation included",
        "s",
        "lower",
        is_of_variant=False,
        repeats=False,
    ),
    Metric(
        "fit/images_per_second",
        "images",
        "Training images seen in a second",
        "1/s",
        "higher",
        is_of_variant=False,
        repeats=False,
    ),
    Metric(
        "fit/resumed_epochs",
        "resumed",
        "Epochs that an interrupted fit had done, from which this one went on",
        is_of_variant=False,
        repeats=False,
    ),
    Metric(
        "fit/best_epoch",
        "best epoch",
        "Epoch, from 1, of the lowest validation loss. Its weights are kept where `patience` is "
        "set, or a stack is fine-tuned; otherwise the last epoch's are",
    ),
    Metric(
        "fit/best_val_loss",
        "best loss",
        "The validation loss of that epoch, of the variant's own loss",
        "",
        "lower",
        is_of_variant=False,
    ),
    *(
        Metric(f"{split}/loss", name, meaning, "", "lower", "epoch", is_of_variant=False)
        for split, name, meaning in (
            ("train", "training loss", "Loss while the weights changed"),
            ("val", "validation loss", "Loss after the epoch"),
        )
    ),
    *(
        Metric(f"{split}/{{part}}", name, meaning, "", "lower", "epoch", is_of_variant=False)
        for split, name, meaning in (
            ("train", "part, training", "A part of a training loss that has several"),
            ("val", "part, validation", "A part of a validation loss that has several"),
        )
    ),
    *(
        Metric(
            f"pretraining/{arm}",
            name,
            meaning,
            "",
            "higher",
            "labels",
            needs=TELLS_CLASSES,
            is_of_variant=arm not in {"scratch", "random_frozen"},
        )
        for arm, name, meaning in (
            ("scratch", "scratch", "Test accuracy of a classifier trained from scratch"),
            ("frozen", "frozen", "On the variant's encoder, frozen"),
            ("fine_tuned", "fine-tuned", "On the variant's encoder, fine-tuned"),
            ("random_frozen", "random, frozen", "On an untrained encoder, frozen"),
            (
                "spread",
                "spread labels",
                "Test accuracy of labels that spread over a graph of the training codings",
            ),
            (
                "spread_sum",
                "spread labels, with PCA",
                "The same, over this graph and that of PCA's codings together",
            ),
            ("gain", "pretraining gain", "Fine-tuned minus scratch, mean over the draws"),
        )
    ),
    *(
        Metric(
            f"baseline/{name}",
            short,
            meaning,
            "",
            "higher",
            "labels",
            needs=TELLS_CLASSES,
            is_of_variant=False,
        )
        for name, short, meaning in (
            (
                "pixels_logistic",
                "logistic, pixels",
                "Test accuracy of logistic regression on pixels",
            ),
            ("pixels_nearest", "nearest, pixels", "Test accuracy by the nearest image's pixels"),
            ("pixels_spread", "spread, pixels", "Of labels that spread over a graph of pixels"),
            ("pca_spread", "spread, PCA", "Of labels that spread over a graph of PCA's codings"),
        )
    ),
    *(
        Metric(
            f"few_labels/{key}",
            name,
            meaning,
            "",
            better,
            "labels",
            needs=TELLS_CLASSES | {"few_labels"},
            is_of_variant=key not in {"labels_alone", "interval"},
        )
        for key, name, meaning, better in (
            (
                "accuracy",
                "pseudo-labels",
                "Test accuracy where labels spread, train a network, and spread over its features",
                HIGHER,
            ),
            ("interval", "± pseudo-labels", "Half the width of its 95 % interval", LOWER),
            ("lowest", "pseudo-labels, lowest", "Of the draws, the lowest", HIGHER),
            (
                "validation_accuracy",
                "pseudo-labels, validation",
                "The same, of the validation images",
                HIGHER,
            ),
            (
                "unshifted",
                "pseudo-labels, no shifts",
                "Test accuracy of the same on images that stay in their place",
                HIGHER,
            ),
            (
                "labels_alone",
                "network on few labels",
                "Test accuracy of the same network, shifts included, on the few labels alone",
                HIGHER,
            ),
        )
    ),
    Metric(
        "pretraining/gain_interval",
        "± gain",
        "Half the width of the gain's 95 % interval",
        "",
        "lower",
        "labels",
        needs=TELLS_CLASSES,
        is_of_variant=False,
    ),
    Metric(
        "node/{node}/seconds",
        "node",
        "Time of a node, without loading and saving",
        "s",
        "lower",
        is_of_variant=False,
        repeats=False,
    ),
)


def find(key: str) -> Metric:
    """Return the metric of a key.

    Raises:
        ValueError: The contract has no such metric.
    """
    metric = get(key)
    if metric is None:
        raise ValueError(f"metric {key!r} is not in the contract, metrics/contract.py")
    return metric


def get(key: str) -> Metric | None:
    """Return the metric of a key, or none where the contract has no such metric."""
    patterns = ((re.sub(r"{\w+}", "[^/]+", metric.key), metric) for metric in METRICS)
    return next((metric for pattern, metric in patterns if re.fullmatch(pattern, key)), None)


def required(views: Collection[str], available: Set[Need]) -> set[str]:
    """Return the keys that a finished run holds: not those of its nodes and its own losses.

    Args:
        views: The names of the corrupted views.
        available: What there is, of the variant and of the data.
    """
    return {
        metric.key.format(view=view)
        for metric in METRICS
        if metric.needs <= available
        for view in views
        if not any(own in metric.key for own in ("{node}", "{part}"))
    }


def as_markdown() -> str:
    """Return the contract as a document."""
    lines = [
        "# Metrics",
        "",
        "Every finished run of a variant has these, under these keys, where variant and data have",
        "what the last column names, and the loss has several parts. Made from",
        "[contract.py](../src/autoencoder_lab/metrics/contract.py), against which tracking checks",
        "what it logs.",
        "",
        "| key | what it is | unit | better | by | takes |",
        "|---|---|---|---|---|---|",
    ]
    for metric in METRICS:
        where = ", ".join(words for need, words in WHERE.items() if need in metric.needs)
        cells = (metric.meaning, metric.unit, metric.better, metric.step, where)
        lines.append(f"| `{metric.key}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
