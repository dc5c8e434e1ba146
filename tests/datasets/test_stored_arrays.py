"""Arrays on disk, made once and in one piece."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from autoencoder_lab.datasets import stored_arrays
from autoencoder_lab.datasets.found_arrays import Found, prepare

from ..ingest_params import reading_params
from .found import as_found

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 7, 5, 3), np.uint8)
LABELS = np.arange(9)
STAMPS = {"1.png": (10, 20), "2.png": (10, 20)}


def found() -> Found:
    arrays = {"train_images": IMAGES, "train_labels": LABELS, "test_images": IMAGES[:3]}
    return prepare(as_found(arrays), Path("toys"), reading_params())


def test_what_is_written_is_loaded_and_images_are_mapped(tmp_path: Path) -> None:
    stored_arrays.write(found(), tmp_path)

    raw_images = stored_arrays.load(tmp_path)

    assert isinstance(raw_images.train_images, np.memmap)
    np.testing.assert_array_equal(raw_images.train_images, IMAGES)
    np.testing.assert_array_equal(raw_images.train_labels, LABELS)
    np.testing.assert_array_equal(raw_images.test_images, IMAGES[:3])
    assert raw_images.validation_images is None
    assert raw_images.reading == {"changed": {}}
    with pytest.raises(ValueError, match="read-only"):
        raw_images.train_images[0] = 0


def test_floats_stay_floats(tmp_path: Path) -> None:
    images = (IMAGES / 255).astype(np.float32)
    arrays = prepare(as_found({"train_images": images}), Path("toys"), reading_params())
    stored_arrays.write(arrays, tmp_path)

    np.testing.assert_array_equal(stored_arrays.load(tmp_path).train_images, images)


@pytest.mark.parametrize(
    ("stamps", "params"),
    [
        ({"1.png": (10, 20)}, reading_params()),
        ({**STAMPS, "2.png": (11, 20)}, reading_params()),
        ({**STAMPS, "2.png": (10, 21)}, reading_params()),
        (STAMPS, reading_params(channels=3)),
        (STAMPS, reading_params(label_level=0)),
    ],
)
def test_other_files_or_parameters_have_another_key(
    stamps: dict[str, tuple[int, int]], params: stored_arrays.ReadingParams
) -> None:
    same = stored_arrays.key(STAMPS, reading_params())

    assert same == stored_arrays.key(dict(reversed(STAMPS.items())), reading_params())
    assert same != stored_arrays.key(stamps, params)


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with stored_arrays.made_in_one_piece(tmp_path / "toys" / "key") as partial:
            assert partial is not None
            (partial / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert [path.name for path in (tmp_path / "toys").iterdir()] == [".lock"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "toys" / ".partial" / "left"
    left.mkdir(parents=True)

    with stored_arrays.made_in_one_piece(tmp_path / "toys" / "key") as partial:
        assert partial is not None

    assert {path.name for path in (tmp_path / "toys").iterdir()} == {".lock", "key"}
    assert list((tmp_path / "toys" / "key").iterdir()) == []


def test_one_makes_arrays_and_others_wait_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "toys" / "key"
    found_whole = []
    other_asks = threading.Event()

    class WatchedLock(FileLock):
        def acquire(self, *args: Any, **options: Any) -> Any:
            if threading.current_thread() is other:
                other_asks.set()
            return super().acquire(*args, **options)

    monkeypatch.setattr(stored_arrays, "FileLock", WatchedLock)

    def wait_for_it() -> None:
        with stored_arrays.made_in_one_piece(key) as partial:
            found_whole.append(partial is None and (key / "whole").exists())

    other = threading.Thread(target=wait_for_it)
    with stored_arrays.made_in_one_piece(key) as partial:
        assert partial is not None
        other.start()
        assert other_asks.wait(60)
        (partial / "whole").touch()
    other.join()

    assert found_whole == [True]


def test_too_little_space_is_an_error_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = stored_arrays.shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(stored_arrays.shutil, "disk_usage", lambda folder: usage)

    with pytest.raises(ValueError, match=r"has 0\.0 GB left; needed: .*smaller ingest\.height"):
        stored_arrays.write(found(), tmp_path)

    assert list(tmp_path.iterdir()) == []
