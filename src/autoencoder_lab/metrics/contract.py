"""The metrics that every variant's run has, under the same keys, so that runs can be compared.

MLflow groups charts by what stands before the last `/`. `node/<name>/seconds`, which every node
has, is not listed. `pretraining/…` is left out where not every image has a label.
"""

METRICS = {
    "test/mse": "Squared error of the test images' reconstructions; lower is better.",
    "test/bce": "Their binary cross-entropy, in nats; lower is better.",
    "test/psnr": "Their peak signal-to-noise ratio, in dB; higher is better.",
    "test/ssim": "Their structural similarity, at most 1; higher is better.",
    "denoise/gaussian_0.2/psnr_gain": "Noise removed from a corrupted view, in dB.",
    "denoise/gaussian_0.5/psnr_gain": "Noise removed from a corrupted view, in dB.",
    "denoise/mask_0.5/psnr_gain": "Noise removed from a corrupted view, in dB.",
    "tsne/trustworthiness": "How far the map's neighbours are neighbours among the codings.",
    "model/latent_dim": "Numbers in a coding.",
    "model/parameters": "Weights in the encoder and decoder.",
    "fit/seconds": "Time of the fit, compilation included.",
    "fit/images_per_second": "Training images seen in a second of the fit.",
    "fit/best_epoch": "The epoch, from 1, of the lowest validation loss.",
    "fit/best_val_loss": "The lowest validation loss, in the variant's own loss.",
    "train/loss": "Training loss, by epoch.",
    "val/loss": "Validation loss, by epoch.",
    "pretraining/scratch": "Test accuracy of a classifier trained from scratch, by labels.",
    "pretraining/frozen": "On the variant's encoder, frozen, by labels.",
    "pretraining/fine_tuned": "On the variant's encoder, fine-tuned, by labels.",
    "pretraining/random_frozen": "On an untrained encoder, frozen, by labels.",
    "pretraining/gain": "Fine-tuned minus scratch, by labels.",
}
