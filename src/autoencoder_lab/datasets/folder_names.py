"""What a folder's name means: a split, or a part of the data that is not a class."""

import re
from functools import cache

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""The split that each of these words means; a folder of this name holds it."""

BESIDE = frozenset(
    ("data", "dataset", "image", "images", "img", "imgs", "photos", "pictures", "seg", "set")
)
"""Words that make no class of a split: a folder test_set is a split, test tubes are a class."""

IMAGES = frozenset(("image", "images", "img", "imgs"))
NOT_IMAGES = frozenset(("annotation", "annotations", "groundtruth", "mask", "masks", "labels"))


@cache
def split_named(folder: str) -> str:
    """Return the split that a folder's name means, as of seg_train or TestSet; else nothing."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[^\W\d_]+", folder)]
    splits = [SPLITS[word] for word in words if word in SPLITS]
    is_all = all(word in SPLITS or word in BESIDE for word in words)
    return splits[0] if splits and is_all else ""


def are_parts(folders: set[str]) -> bool:
    """Whether folders are named as the images and what belongs to them, rather than as classes."""
    names = {folder.lower().replace("_", "").replace(" ", "") for folder in folders}
    return bool(names & IMAGES) and bool(names & NOT_IMAGES)
