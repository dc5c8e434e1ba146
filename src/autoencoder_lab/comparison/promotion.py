"""Whether the best model of a comparison replaces the one that is served."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autoencoder_lab.images.arrays import Autoencoder, Labels
from autoencoder_lab.images.samples import SAMPLE
from autoencoder_lab.images.sources import Reconstructions, StoredImages, encode
from autoencoder_lab.metrics import codings, contract, reconstruction
from autoencoder_lab.metrics.intervals import half_width

from .champions import Champion, Promotion
from .results import CellResult

LINEAR_ACCURACY = "validation/linear_accuracy"


@dataclass(frozen=True)
class ValidationData:
    """Images (n, height, width, channels) in [0, 1] on which models are measured, with labels."""

    train_images: StoredImages
    train_labels: Labels
    images: StoredImages
    labels: Labels

    def score(self, metric: str, model: Autoencoder) -> float:
        """Return a `validation/…` metric of a model, as its own run would have it."""
        if metric == LINEAR_ACCURACY:
            encoder = model.get_layer("encoder")
            train, held_out = (
                encode(encoder, images.first(SAMPLE)) for images in (self.train_images, self.images)
            )
            linear_probe = codings.linear_probe(train, self.train_labels[: len(train)])
            return linear_probe(held_out, self.labels[: len(held_out)])
        errors, _ = reconstruction.errors(self.images, Reconstructions(self.images, model))
        return errors[metric.removeprefix("validation/")]


def choose_champion(
    results: Sequence[CellResult],
    champion: Champion | None,
    data: ValidationData,
    metric: str,
    *,
    normal_class: str | None = None,
) -> Promotion:
    """Return the best model, and whether and why it takes the champion's place.

    The best variant is that of the best mean over its seeds; its model, that of the best seed. It
    takes the champion's place if the interval of its mean leaves out the champion's own score on
    the same images: if another training like it would most likely be better, too.

    Args:
        results: The cells that are compared.
        champion: The model that is served; it is measured again, on today's images.
        metric: A key of the contract, by which those results are compared that have it.
        normal_class: To which the models were restricted: they are no champions of the data set.

    Raises:
        ValueError: No result has the metric.
    """
    sign = 1 if contract.find(metric).better == "higher" else -1
    by_variant: dict[str, list[CellResult]] = {}
    for result in results:
        if metric in result.metrics:  # by another, a model that does not reconstruct may win
            by_variant.setdefault(result.variant, []).append(result)
    if not by_variant:
        raise ValueError(
            f"promotion.metric is {metric!r}, which no variant of this comparison has: choose one "
            "that takes what their models have"
        )
    means = {
        variant: float(np.mean([cell.metrics[metric] for cell in cells]))
        for variant, cells in by_variant.items()
    }
    variant = max(means, key=lambda name: sign * means[name])
    cells = by_variant[variant]
    best = max(cells, key=lambda cell: sign * cell.metrics[metric])
    mean, interval = means[variant], half_width(np.array([cell.metrics[metric] for cell in cells]))
    score = None
    if normal_class is not None:
        is_promoted, reason = False, f"evaluation.normal_class is {normal_class!r}, all it knows"
    elif champion is None:
        is_promoted, reason = True, "there was no champion"
    elif champion.run_id == best.run_id:
        is_promoted, reason = False, "it is the champion already"
    else:
        score, problem = _measure(champion, data, metric)
        if score is None:
            is_promoted, reason = False, problem
        elif np.isnan(interval):
            is_promoted = False
            reason = "one seed has no interval: run more, as kedro study --seeds 1,2,3"
        else:
            is_promoted = sign * (mean - score) > interval
            verdict = "better" if is_promoted else "not better"
            reason = f"{verdict}, by more than the interval, than the champion, {score:.5g}"
    return Promotion(
        metric=metric,
        variant=variant,
        seed=best.seed,
        run_id=best.run_id,
        score=mean,
        interval=None if np.isnan(interval) else interval,
        seeds=len(cells),
        champion=champion.name if champion else None,
        champion_version=champion.version if champion else None,
        champion_score=score,
        is_promoted=bool(is_promoted),
        reason=reason,
    )


def record_promotion(candidate: Promotion, champion: Champion | None) -> Promotion:
    """Return a promotion as it came out, by the champion that there is after it.

    Another comparison may have promoted at the same time, or the user may not move the champion.
    """
    if not candidate["is_promoted"] or (champion and champion.run_id == candidate["run_id"]):
        return candidate
    now = champion.name if champion else None
    if now == candidate["champion"]:
        reason = f"proposed only, as its user may not move the champion: {candidate['reason']}"
    else:
        reason = f"the champion became {now or 'none'} during this comparison: run it again"
    return {**candidate, "is_promoted": False, "reason": reason}


def _measure(champion: Champion, data: ValidationData, metric: str) -> tuple[float | None, str]:
    """Return the champion's score or, where it cannot be measured, why not and what to do."""
    remedy = "To start afresh, delete the alias champion"
    try:
        model = champion.load_model()
    except Exception as error:  # of the store, of Keras
        return None, f"the champion cannot be loaded: {error}. {remedy}"
    missing = contract.find(metric).needs_of_model - {layer.name for layer in model.layers}
    if missing:
        return None, f"the champion has no {' and no '.join(sorted(missing))}. {remedy}"
    if model.input_shape[1:] != data.images.shape[1:]:
        takes = "x".join(map(str, model.input_shape[1:]))
        return None, f"the champion takes images of {takes}. {remedy}"
    return data.score(metric, model), ""
