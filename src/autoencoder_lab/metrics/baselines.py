"""What is reached without a network."""

from sklearn.decomposition import PCA

from autoencoder_lab.arrays import Images

from .reconstruction import mse


def pca_mse(train_images: Images, test_images: Images, *, n_components: int, seed: int) -> float:
    """Return the squared error of test images that PCA reconstructs, as `reconstruction.mse` does.

    Args:
        train_images: (n, height, width, channels) in [0, 1]; PCA is fitted on them alone.
        test_images: The same shape.
        n_components: The codings' size; there are never more than pixels or training images.

    Returns:
        0 or more, in squared units of intensity. Lower is better; the least that a linear
        autoencoder with codings of this size can reach on the training images.

    Source: Baldi and Hornik, "Neural Networks and Principal Component Analysis", 1989.
    """
    flat, flat_test = (images.reshape(len(images), -1) for images in (train_images, test_images))
    pca = PCA(min(n_components, *flat.shape), random_state=seed).fit(flat)
    reconstructions = pca.inverse_transform(pca.transform(flat_test))
    return mse(test_images, reconstructions.reshape(test_images.shape))
