"""Bad input: one clear error before TensorFlow is imported, and nothing left behind."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import ProjectCopy


def require_refusal(project: ProjectCopy, arguments: list[str], *facts: str) -> None:
    before = project.written()

    done = project.kedro("run", *arguments)

    message, _, imported_tensorflow = done.stderr.strip().rpartition("\n")
    assert done.returncode != 0
    for fact in facts:
        assert fact in message, message
    assert "Traceback" not in done.stdout + done.stderr
    assert message.count("Error") == 1
    assert imported_tensorflow == "False"
    assert project.written() == before == []


@pytest.mark.parametrize(
    ("arguments", "facts"),
    [
        (["--pipelines=stakced"], ["pipeline is 'stakced'", "did you mean stacked", "linear"]),
        (["--pipeline=stakced"], ["pipeline is 'stakced'", "did you mean stacked", "linear"]),
        (["--env=prod"], ["environment is 'prod'", "smoke"]),
        (["--params=dataset=mnits"], ["dataset is 'mnits'", "allowed: digits"]),
        (["--params=dataset=../../etc"], ["dataset is '../../etc'", "letters"]),
        (["--params=stacked.training.epoch=3"], ["stacked.training.epoch is unknown", "epochs"]),
        (["--params=seed=3.0"], ["seed is 3.0", "integer"]),
        (["--runner=ParallelRunner"], ["runner is ParallelRunner", "ThreadRunner"]),
        (["--namespaces=stacked"], ["the chosen nodes need", "train_images", "make them"]),
        (["--nodes=split_image"], ["nodes named ['split_image']", "did you mean split_images?"]),
        (["--to-outputs=stacked.modle"], ["datasets named", "did you mean stacked.model?"]),
        (["--namespaces=stakced"], ["namespaces: ['stakced']", "did you mean stacked?"]),
        (["--tags=nightly"], ["contains no nodes after applying all provided filters"]),
        (["--params=ingest.pattern=!a/**"], ["""--params 'ingest.pattern="!a/**"'"""]),
        (["--params=colour=red"], ["colour is unknown", "seed"]),
        (["--params=stacked.training.epochs=-1"], ["stacked.training.epochs is -1", "than 0"]),
        (
            ["--params=corruption.heavy_gaussian.stddev=-0.1,stacked.model.widths=[0]"],
            ["corruption.heavy_gaussian.stddev is -0.1", "stacked.model.widths.0 is 0"],
        ),
        (
            ["--params=convolutional.model.filters=8-8-8-8", "--env=smoke"],
            ["convolutional.model.filters is [8, 8, 8, 8]", "images of 8x8x1: at most 3"],
        ),
        (
            ["--params=stacked.model.widths=64", "--env=smoke"],
            ["stacked.model.widths is [64]", "images of 8x8x1: less than 64"],
        ),
        (
            ["--params=pretraining.label_budgets=5-9", "--env=smoke"],
            ["pretraining.label_budgets is [5, 9]", "data of 10 classes: at least one of 10"],
        ),
        (
            ["--params=ingest.height=32"],
            ["ingest.width is None; allowed: a number of pixels, as height is one"],
        ),
        (
            ["--params=ingest.channels=4,ingest.fit=squash,ingest.background=blackish"],
            ["ingest.channels is 4", "ingest.fit is 'squash'", "background is 'blackish'", "CSS"],
        ),
        (["--params=ingest.height=2,ingest.width=2"], ["ingest.height is 2", "3"]),
        (
            ["--params=ingest.pattern='*.png'"],
            ["ingest.pattern is '*.png', which matches none", "t10k-images-idx3-ubyte.gz"],
        ),
        (
            ["--params=evaluation.normal_class=ten", "--env=smoke"],
            ["evaluation.normal_class is 'ten'; allowed for this data: 0, 1, 2"],
        ),
        (["--params=pretraining.draws=1"], ["pretraining.draws is 1", "2"]),
        (
            ["--params=few_labels.draws=2,few_labels.shift=8", "--env=smoke"],
            ["few_labels.shift is 8; allowed for images of 8x8x1: less than 8"],
        ),
        (
            ["--pipelines=ladder", "--params=ladder.training.strategy.draw=2", "--env=smoke"],
            ["ladder.training.strategy.draw is 2; allowed: 0 to 1"],
        ),
        (
            ["--params=linear.training.loss=binary_crossentropy"],
            ["linear.training.loss is 'binary_crossentropy'", "allowed: mse"],
        ),
    ],
    ids=lambda value: value[0] if value[0].startswith("--") else "",
)
def test_wrong_names_and_parameters(
    project: ProjectCopy, arguments: list[str], facts: list[str]
) -> None:
    require_refusal(project, arguments, *facts)


@pytest.mark.parametrize(("key", "value"), [("dataset", "digits"), ("seed", "3")])
def test_a_parameter_that_the_catalogs_paths_would_not_follow(
    project: ProjectCopy, key: str, value: str
) -> None:
    local = project.folder / "conf" / "local" / "parameters.yml"
    local.write_text(f"{key}: {value}\n")

    try:
        require_refusal(project.as_a_user, [], f"{key} is", value, "globals.yml, or by --params")
    finally:
        local.unlink()


def test_configuration_that_cannot_be_read(project: ProjectCopy) -> None:
    local = project.folder / "conf" / "local" / "parameters.yml"
    local.write_text("seed: [1, 2")

    try:
        require_refusal(project.as_a_user, [], "the configuration cannot be read", "parameters.yml")
    finally:
        local.unlink()


def test_shared_results_that_cannot_be_written(project: ProjectCopy) -> None:
    in_the_way = project.folder / "data/07_model_output/digits/shared"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.symlink_to("nowhere")

    try:
        facts = ("results cannot be written to", "digits/shared/seed-42/", "data_root")
        require_refusal(project.as_a_user, ["--env=smoke", "--pipelines=linear"], *facts)
    finally:
        in_the_way.unlink()


@pytest.fixture
def mnist(project: ProjectCopy) -> Path:
    """Return a copy of MNIST that a test may spoil, under a name of its own."""
    folder = project.folder / "data" / "01_raw" / "spoilt"
    shutil.copytree(project.folder / "data" / "01_raw" / "mnist", folder, dirs_exist_ok=True)
    return folder


def test_a_missing_file(project: ProjectCopy, mnist: Path) -> None:
    (mnist / "t10k-labels-idx1-ubyte.gz").unlink()

    require_refusal(
        project.as_a_user,
        ["--params=dataset=spoilt"],
        "t10k-labels-idx1-ubyte.gz is missing",
        "git checkout",
    )


def test_an_altered_file(project: ProjectCopy, mnist: Path) -> None:
    labels = mnist / "train-labels-idx1-ubyte.gz"
    altered = bytearray(labels.read_bytes())
    altered[1000] ^= 1
    labels.write_bytes(altered)

    require_refusal(
        project,
        ["--params=dataset=spoilt"],
        "train-labels-idx1-ubyte.gz is altered",
        "expected: fe03b8bd7915f70bf5aa08be480aa413fbd85afcaa58b35d230d335f284fd88e",
    )


def test_a_truncated_file_without_a_checksum(project: ProjectCopy, mnist: Path) -> None:
    (mnist / "SHA256SUMS").unlink()
    images = mnist / "train-images-idx3-ubyte.gz"
    images.write_bytes(gzip.compress(gzip.decompress(images.read_bytes())[:5000], 1))

    require_refusal(
        project, ["--params=dataset=spoilt"], "train-images-idx3-ubyte.gz", "at most", "47040016"
    )


def test_images_of_different_sizes(project: ProjectCopy) -> None:
    folder = project.folder / "data" / "01_raw" / "sizes"
    folder.mkdir()
    for name, size in (("a", (5, 7)), ("b", (5, 7)), ("c", (6, 7))):
        Image.new("L", size).save(folder / f"{name}.png")

    require_refusal(
        project, ["--params=dataset=sizes"], "2 of 5x7, 1 of 6x7; not of the first: c.png"
    )


def test_labels_and_images_of_different_length(project: ProjectCopy) -> None:
    folder = project.folder / "data" / "01_raw" / "lengths"
    folder.mkdir()
    np.savez(folder / "lengths.npz", x_train=np.zeros((7, 5, 3), np.uint8), y_train=np.arange(8))

    require_refusal(project, ["--params=dataset=lengths"], "7 train images", "8 train labels")


def test_pickled_objects_are_never_loaded(project: ProjectCopy, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "sprung",)

    folder = project.folder / "data" / "01_raw" / "pickled"
    folder.mkdir()
    np.savez(folder / "pickled.npz", x_train=np.array([Trap()], dtype=object))

    require_refusal(project, ["--params=dataset=pickled"], "pickled.npz", "x_train")
    assert not (tmp_path / "sprung").exists()


def test_all_that_is_wrong_with_a_folder_of_images_is_in_one_error(project: ProjectCopy) -> None:
    folder = project.folder / "data" / "01_raw" / "mixed"
    folder.mkdir()
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 256, (70, 50), np.uint8))
    for name in ("good.png", "truncated.png"):
        grey.save(folder / name)
    content = (folder / "truncated.png").read_bytes()
    (folder / "truncated.png").write_bytes(content[: len(content) // 2])
    (folder / "empty.jpg").touch()
    grey.save(folder / "moves.gif", save_all=True, append_images=[Image.new("L", (50, 70))])
    Image.new("F", (50, 70)).save(folder / "floats.tif")

    require_refusal(
        project,
        ["--params=dataset=mixed"],
        *("truncated.png cannot be read", "empty.jpg cannot be read"),
        *("it has 2 frames; allowed: 1", "its pixels are 32-bit floats; allowed: 8 or 16 bits"),
        "ingest.pattern leaves files out",
    )
