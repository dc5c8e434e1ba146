"""How well the reconstruction error separates anomalies from normal images."""

from sklearn.metrics import average_precision_score, roc_auc_score

from autoencoder_lab.images.arrays import Errors, Mask


def detection(errors: Errors, anomalies: Mask) -> dict[str, float]:
    """Return `anomaly/auroc` and `anomaly/average_precision` of errors taken as scores.

    Args:
        errors: (n,), of the test images.
        anomalies: (n,), which of them are anomalies: some, and not all.

    Returns:
        Both in [0, 1]. Higher is better; errors that tell nothing give 0.5 and the share of
        anomalies, and such as are larger for each anomaly than for any other image give 1.

    Source: Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).
    """
    return {
        "anomaly/auroc": float(roc_auc_score(anomalies, errors)),
        "anomaly/average_precision": float(average_precision_score(anomalies, errors)),
    }
