import pytest

from autoencoder_lab.parameters import TrainingParams


@pytest.mark.parametrize(
    ("epochs", "n_images", "n_epochs"),
    [("auto", 55_000, 10), ("auto", 240_000, 10), ("auto", 1318, 405), (3, 1318, 3)],
)
def test_small_data_have_more_epochs_unless_a_number_is_given(
    epochs: int | str, n_images: int, n_epochs: int
) -> None:
    params = TrainingParams.model_validate(
        {
            "loss": "mse",
            "optimizer": "sgd",
            "learning_rate": 1,
            "epochs": epochs,
            "batch_size": 32,
        }
    )

    assert params.n_epochs(n_images) == n_epochs
