import numpy as np
import pytest

from autoencoder_lab.arrays import UNLABELLED, has_labels, require_same_shape


def test_labels_count_only_where_every_image_has_one() -> None:
    assert has_labels(np.array([0, 3, 1]))
    assert not has_labels(np.array([0, UNLABELLED, 1]))


def test_a_column_is_no_row() -> None:
    with pytest.raises(ValueError, match=r"labels.*\(8,\).*guesses.*\(8, 1\)"):
        require_same_shape(labels=np.zeros(8), guesses=np.zeros((8, 1)))
