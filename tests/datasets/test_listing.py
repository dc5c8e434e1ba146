"""Which files of a folder are data."""

import os
import unicodedata
from pathlib import Path

import pytest

from autoencoder_lab.datasets.listing import list_files


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(folder: Path, pattern: str | None = None) -> list[str]:
    return list(list_files(folder, pattern).stamps)


def test_all_files_are_listed_by_name_but_for_what_is_beside_the_data(tmp_path: Path) -> None:
    make(tmp_path, "b/2", "b/1", "a", "b/c/d/e/f/g", "README.md", ".DS_Store", "__MACOSX/b/1")
    make(tmp_path, "SHA256SUMS", "b/.thumbs/1")

    assert names(tmp_path) == ["a", "b/1", "b/2", "b/c/d/e/f/g"]


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [
        ("**/*.jpg", ["1.jpg", "a/2.JPG", "a/b/3.jpg", "test/4.jpg"]),
        ("*.jpg", ["1.jpg"]),
        ("a/**", ["a/2.JPG", "a/2.png", "a/b/3.jpg"]),
        ("!a/**", ["1.jpg", "test/4.jpg"]),
        ("**/*.jpg|!test/**", ["1.jpg", "a/2.JPG", "a/b/3.jpg"]),
        ("{a,test}/*", ["a/2.JPG", "a/2.png", "test/4.jpg"]),
    ],
)
def test_a_pattern_chooses_files_and_counts_the_others(
    tmp_path: Path, pattern: str, chosen: list[str]
) -> None:
    everything = ["1.jpg", "a/2.JPG", "a/2.png", "a/b/3.jpg", "test/4.jpg"]
    make(tmp_path, *everything)

    listing = list_files(tmp_path, pattern)

    assert list(listing.stamps) == chosen
    others = sorted(set(everything) - set(chosen))
    assert listing.summary() == {
        "not matched by ingest.pattern": {"files": len(others), "names": others}
    }


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, "cat/1.png")

    with pytest.raises(ValueError, match=r"pattern is '\*.png', which matches none .*cat/1.png"):
        list_files(tmp_path, "*.png")


def test_links_are_followed_but_not_in_circles(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    circles = ["cat/again", "one", "other"]
    make(tmp_path, "data/cat/1", "elsewhere/2")
    (tmp_path / "data" / "dog").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "cat" / "again").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "data" / "one").symlink_to(tmp_path / "data" / "other")
    (tmp_path / "data" / "other").symlink_to(tmp_path / "data" / "one")
    os.mkfifo(tmp_path / "data" / "pipe.png")

    listing = list_files(tmp_path / "data", None)

    assert list(listing.stamps) == ["cat/1", "dog/2"]
    assert {reason: sorted(names) for reason, names in listing.left_out.items()} == {
        "links in a circle": circles,
        "links to nothing": ["gone"],
        "neither files nor folders": ["pipe.png"],
    }
    assert sorted(listing.links) == sorted([*circles, "dog", "gone"])
    listing.warn(tmp_path)
    assert "cat/again leads back to where it is" in caplog.text


def test_folders_may_be_deep_but_not_without_end(tmp_path: Path) -> None:
    make(tmp_path, f"{100 * 'a/'}1")
    assert names(tmp_path) == [f"{100 * 'a/'}1"]

    make(tmp_path, f"{101 * 'a/'}1")
    with pytest.raises(ValueError, match=r"a/a is more than 100 folders deep; allowed: 100"):
        list_files(tmp_path, None)


def test_names_that_are_one_on_some_systems_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, "cat/1.png", "cat/1.PNG", "cat/2.png")

    listing = list_files(tmp_path, None)

    assert len(listing.stamps) == 3
    listing.warn(tmp_path)
    assert "differ only in case" in caplog.text
    assert "cat/1.PNG, cat/1.png" in caplog.text


@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_a_pattern_matches_names_however_unicode_writes_them(tmp_path: Path, written: str) -> None:
    name = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    make(tmp_path, f"{unicodedata.normalize('NFD', name)}/1", "tea/1")

    assert names(tmp_path, unicodedata.normalize(written, f"!{name}/**")) == ["tea/1"]


def test_names_that_are_no_text_are_listed_as_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.png")).touch()

    listing = list_files(tmp_path, None)

    [file] = listing.stamps
    assert (tmp_path / file).is_file()
    assert names(tmp_path, "*.png") == [file]
