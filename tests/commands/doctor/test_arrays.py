from pathlib import Path

import numpy as np
import pytest

from autoencoder_lab.commands.doctor.arrays import check_arrays
from autoencoder_lab.datasets import RawImagesDataset

from ...ingest_params import AS_THEY_ARE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose images have been decoded."""
    folder = tmp_path / "data/01_raw/toys"
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (9, 7, 5), np.uint8)
    np.savez(folder / "toys.npz", x_train=images)
    decode(tmp_path)
    return tmp_path


def decode(project: Path, **reading: object) -> None:
    RawImagesDataset(
        filepath=str(project / "data/01_raw/toys"),
        path=str(project / "data/02_intermediate"),
        reading=AS_THEY_ARE | reading,
    ).load()


def test_arrays_of_the_images_that_are_there_are_fine(project: Path) -> None:
    found = check_arrays(project, "data", AS_THEY_ARE)

    assert (found.looked_at, found.problems) == ("1 in data/02_intermediate", ())


def test_arrays_of_other_parameters_are_named_with_their_size_and_what_removes_them(
    project: Path,
) -> None:
    decode(project, height=70, width=70)

    found = check_arrays(project, "data", AS_THEY_ARE)

    [problem] = found.problems
    folder = problem.text.split(" holds ")[0]
    assert sum(it.stat().st_size for it in (project / folder).iterdir()) > 9 * 70 * 70
    assert problem.remedy.startswith(f"rm -r {folder}: ")


def test_arrays_that_are_being_decoded_are_left_alone(project: Path) -> None:
    (project / "data/02_intermediate/toys/.partial").mkdir()

    found = check_arrays(project, "data", AS_THEY_ARE)

    assert (found.looked_at, found.problems) == ("1 in data/02_intermediate", ())


def test_arrays_of_images_that_are_gone_are_left_alone(project: Path) -> None:
    (project / "data/01_raw/toys/toys.npz").unlink()

    assert check_arrays(project, "data", AS_THEY_ARE).problems == ()
