import pytest

from autoencoder_lab.datasets.folder_names import are_parts, split_named


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        *[(it, "train") for it in ("train", "TRAIN", "training_set", "seg_train", "TrainData")],
        *[(it, "test") for it in ("test", "Test-Set", "images test", "test2")],
        *[(it, "validation") for it in ("val", "valid", "val_256", "ValidationImages")],
        *[(it, "") for it in ("test tubes", "train_station", "contest", "test (class)", "7", "")],
    ],
)
def test_a_name_means_a_split_where_all_of_its_words_do(folder: str, split: str) -> None:
    assert split_named(folder) == split


@pytest.mark.parametrize(
    ("folders", "are"),
    [
        ({"images", "annotations"}, True),
        ({"Images", "Ground_Truth"}, True),
        ({"img", "masks", "cat"}, True),
        ({"images", "cat"}, False),
        ({"masks", "cat"}, False),
    ],
)
def test_parts_are_images_and_what_belongs_to_them(folders: set[str], are: bool) -> None:
    assert are_parts(folders) == are
