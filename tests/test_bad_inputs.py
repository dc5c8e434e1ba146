"""Bad input of all kinds, a row each: one message names what is wrong, and what is allowed.

end_to_end/test_bad_input.py holds that it comes before TensorFlow, and leaves nothing behind.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from kedro.io import DatasetError
from omegaconf import OmegaConf
from PIL import Image

from autoencoder_lab.cells import made_from
from autoencoder_lab.cells.stored_files import local_file
from autoencoder_lab.datasets import RawImagesDataset
from autoencoder_lab.failures import BadInput, root_cause
from autoencoder_lab.parameters import StudyParams, experiment_model
from autoencoder_lab.parameters.problems import WrongParameters, validate
from autoencoder_lab.session.config_loader import ConfigLoader
from autoencoder_lab.session.typed_params import read_typed

from .ingest_params import AS_THEY_ARE
from .parameters.project_parameters import project_parameters

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 7, 5), np.uint8)
LABELS = np.arange(9)

Write = Callable[[Path], object]
"""Puts files in an empty folder."""


def files(**contents: bytes) -> Write:
    """Write files, whose names have - for _ and . for __."""

    def write(folder: Path) -> None:
        for name, content in contents.items():
            (folder / name.replace("__", ".").replace("_", "-")).write_bytes(content)

    return write


def npz(**arrays: Any) -> Write:
    return lambda folder: np.savez(folder / "toys.npz", **arrays)


def labelled(labels: Any) -> Write:
    return npz(x_train=IMAGES, y_train=labels)


def zipped(*members: tuple[str, bytes]) -> Write:
    def write(folder: Path) -> None:
        with zipfile.ZipFile(folder / "toys.npz", "w") as archive:
            for name, content in members:
                archive.writestr(name, content)

    return write


def npy_header(shape: str, dtype: str = "|u1") -> bytes:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header


def idx_header(*sizes: int) -> bytes:
    return bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)


def png(width: int, height: int) -> bytes:
    """Return a PNG that says so of itself, and holds hardly anything."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(99))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    )


def an_image(kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    Image.fromarray(IMAGES[0]).save(content, kind, **options)
    return content.getvalue()


def one_image(content: bytes, name: str = "bad.png") -> Write:
    """Write nine images, and one more."""

    def write(folder: Path) -> None:
        pictures(*(f"{number}.png" for number in range(9)))(folder)
        (folder / name).write_bytes(content)

    return write


def pictures(*names: str, pixels: npt.NDArray[Any] = IMAGES[0]) -> Write:
    def write(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name)

    return write


def sums(*names: str) -> Write:
    """Write an archive, and checksums of other files."""

    def write(folder: Path) -> None:
        npz(x_train=IMAGES)(folder)
        lines = [name if " " in name else f"{64 * '0'}  {name}" for name in names]
        (folder / "SHA256SUMS").write_text("\n".join(lines))

    return write


def links(*targets: str) -> Write:
    def write(folder: Path) -> None:
        for number, target in enumerate(targets):
            (folder / f"{number}.png").symlink_to(target)

    return write


def lying_archive(folder: Path) -> None:
    """Write an archive of which the table promises 10^12 bytes."""
    with zipfile.ZipFile(folder / "toys.npz", "w") as archive:
        archive.writestr("x_train.npy", npy_header("(1, 1000000, 1000000)"))
        archive.getinfo("x_train.npy").file_size = 10**13


GZ = "train_images_idx3_ubyte__gz"
PLAIN = "train_images_idx3_ubyte"
WHOLE = idx_header(*IMAGES.shape) + IMAGES.tobytes()

DATA: dict[str, tuple[Write, list[str]]] = {
    "no folder": (Path.rmdir, ["dataset is 'toys'; allowed: digits"]),
    "no files": (files(), ["toys holds no files", "allowed: IDX files, one .npz, or images"]),
    "only a README": (files(README__md=b""), ["toys holds no files; allowed"]),
    "a table of labels alone": (files(labels__csv=b"a,b"), ["toys holds labels.csv; allowed"]),
    "an image with a wrong ending": (files(a__jpgg=an_image()), ["holds a.jpgg; allowed"]),
    "photographs of a phone": (files(a__heic=b""), ["a.heic", "HEIC is not read: convert"]),
    "a PDF": (one_image(b"%PDF-1.7"), ["bad.png", "an unknown format", "25 50 44 46"]),
    "two kinds": (
        lambda folder: (labelled(LABELS)(folder), pictures("1.png")(folder)),
        ["holds 1.png and toys.npz; allowed", "one kind only"],
    ),
    "two archives": (
        lambda folder: [np.savez(folder / f"{name}.npz", x_train=IMAGES) for name in "ab"],
        ["holds a.npz, b.npz; allowed: one .npz"],
    ),
    "an archive in a folder": (
        lambda folder: ((folder / "in").mkdir(), (folder / "in/toys.npz").touch()),
        ["holds in/toys.npz; allowed"],
    ),
    # IDX
    "empty IDX": (files(**{PLAIN: b""}), ["-idx3-ubyte begins with the bytes (none); allowed"]),
    "empty IDX, packed": (files(**{GZ: b""}), ["begins with the bytes (none); allowed"]),
    "IDX of floats": (files(**{PLAIN: b"\0\0\x0d\3"}), ["bytes 00 00 0d 03; allowed: 00 00 08 03"]),
    "IDX of labels": (files(**{PLAIN: idx_header(9)}), ["00 00 08 01; allowed: 00 00 08 03"]),
    "half a header of IDX": (files(**{PLAIN: WHOLE[:9]}), ["holds 9 bytes", "header alone has 16"]),
    "IDX cut off": (files(**{PLAIN: WHOLE[:-1]}), ["holds 330 bytes", "says 331"]),
    "IDX with more": (files(**{PLAIN: WHOLE + b"\0"}), ["holds 332 bytes", "says 331"]),
    "IDX of 10^28 bytes": (
        files(**{PLAIN: idx_header(*[2**32 - 1] * 3)}),
        ["holds 16 bytes at most", "says 79228162458924105385300197391"],
    ),
    "packed IDX of 10^28 bytes": (
        files(**{GZ: gzip.compress(idx_header(*[2**32 - 1] * 3))}),
        ["at most; its header, of sizes (4294967295, 4294967295, 4294967295)"],
    ),
    "IDX of billions of images without pixels": (
        files(**{PLAIN: idx_header(2**32 - 1, 0, 5)}),
        ["train images have shape (4294967295, 0, 5); allowed"],
    ),
    "IDX of no images": (files(**{PLAIN: idx_header(0, 7, 5)}), ["is 0; allowed: at least 9"]),
    "IDX that is not packed": (files(**{GZ: WHOLE}), ["ubyte.gz is no whole gzip file: Not a"]),
    "packed IDX cut off": (files(**{GZ: gzip.compress(WHOLE)[:-9]}), ["is no whole gzip file"]),
    "IDX of tests alone": (
        files(test_images_idx3_ubyte=WHOLE),
        ["it holds test images and no train images; needed: train-images-idx3-ubyte[.gz]"],
    ),
    "IDX twice": (
        files(**{PLAIN: WHOLE, GZ: gzip.compress(WHOLE)}),
        ["holds train-images-idx3-ubyte, train-images-idx3-ubyte.gz; allowed: one of these"],
    ),
    "fewer labels in IDX": (
        files(**{PLAIN: WHOLE}, train_labels_idx1_ubyte=idx_header(8) + bytes(8)),
        ["there are 9 train images and 8 train labels; allowed: a label for each"],
    ),
    # NumPy's archives
    "an empty archive": (files(toys__npz=b""), ["toys.npz is not a whole zip archive"]),
    "an array that is called an archive": (
        files(toys__npz=npy_header("(9, 7, 5)")),
        ["toys.npz is not a whole zip archive of arrays, which a .npz is"],
    ),
    "an archive of nothing": (zipped(), ["toys.npz has the keys (none); allowed: train_images"]),
    "an archive of other keys": (
        npz(pictures=IMAGES),
        ["has the keys pictures; allowed: train_images"],
    ),
    "an archive of a key twice": (
        zipped(("x_train.npy", b""), ("x_train.npy", b"")),
        ["has the keys x_train, x_train; allowed"],
    ),
    "an archive of two spellings": (
        npz(x_train=IMAGES, train_images=IMAGES),
        ["has the keys x_train, train_images; allowed"],
    ),
    "an archive of text": (zipped(("x_train", b"text")), ["x_train is no array; allowed: arrays"]),
    "an archive of an empty member": (zipped(("x_train.npy", b"")), ["key x_train cannot be read"]),
    "a member's name that leads out": (
        zipped(("../x_train.npy", b"")),
        ["has the keys ../x_train; allowed: train_images"],
    ),
    "Python's objects": (
        npz(x_train=np.array([{}])),
        ["x_train cannot be read (it holds Python's"],
    ),
    "an array of 10^12 bytes": (
        zipped(("x_train.npy", npy_header("(1000000, 1000, 1000)"))),
        ["key x_train cannot be read (it holds", "1000000000", "allowed: arrays of numbers"],
    ),
    "an archive that lies about 10^12 bytes": (lying_archive, ["x_train cannot be read (it holds"]),
    "a negative size": (zipped(("x_train.npy", npy_header("(9, -1, 5)"))), ["key x_train cannot"]),
    "a header without end": (
        zipped(("x_train.npy", npy_header(9999 * "("))),
        ["key x_train cannot"],
    ),
    "65 dimensions": (
        zipped(("x_train.npy", npy_header(f"({65 * '1,'})"))),
        ["key x_train cannot be read (maximum supported dimension"],
    ),
    "records": (npz(x_train=np.zeros(9, "u1,u1")), ["train images have shape (9,); allowed: (n, "]),
    "texts": (
        npz(x_train=IMAGES.astype(str)),
        ["train images are <U3; allowed: integers, or floats"],
    ),
    "complex numbers": (npz(x_train=IMAGES * 1j), ["are complex128; allowed: integers, or floats"]),
    "dates": (npz(x_train=IMAGES.astype("M8[s]")), ["datetime64[s]; allowed: integers, or floats"]),
    "NaN": (npz(x_train=np.full((9, 7, 5), np.nan)), ["and 315 NaN; allowed: 0 to 1"]),
    "infinity": (
        npz(x_train=np.full((9, 7, 5), np.inf)),
        ["to inf", "allowed: 0 to 1, or to ingest.brightest"],
    ),
    "floats to 255": (npz(x_train=IMAGES * 1.0), ["float64 values", "allowed: 0 to 1"]),
    "negative pixels": (
        npz(x_train=IMAGES.astype(int) - 1),
        ["values from -1", "allowed: 0 to 255"],
    ),
    "one image": (npz(x_train=IMAGES[:1]), ["train images is 1; allowed: at least 9"]),
    "flat images": (
        npz(x_train=IMAGES.reshape(9, -1)),
        ["have shape (9, 35); allowed: (n, height"],
    ),
    "channels first": (
        npz(x_train=np.zeros((9, 3, 7, 5))),
        ["5 channels; allowed: 1", "transpose"],
    ),
    "narrow images": (npz(x_train=IMAGES[:, :, :2]), ["2 wide; allowed: at least 3 pixels"]),
    "a number": (npz(x_train=3), ["train images have shape (); allowed"]),
    "other sizes for tests": (
        npz(x_train=IMAGES, x_test=IMAGES[:, 1:]),
        ["train images are (7, 5, 1), test images are (6, 5, 1); allowed: one"],
    ),
    # Labels
    "fewer labels": (labelled(LABELS[:8]), ["9 train images and 8 train labels; allowed"]),
    "more labels": (labelled(np.arange(10)), ["9 train images and 10 train labels; allowed"]),
    "negative labels": (labelled(LABELS - 3), ["hold -3 (int64); allowed: whole numbers from 0"]),
    "halves of labels": (labelled(LABELS / 2), ["hold 0.5 (float64); allowed: whole numbers"]),
    "NaN for labels": (labelled(LABELS * np.nan), ["hold nan (float64); allowed: whole numbers"]),
    "texts for labels": (labelled(LABELS.astype(str)), ["train labels are <U21; allowed: whole"]),
    "labels too large": (
        labelled(np.full(9, 2**63, np.uint64)),
        ["9223372036854775808", "allowed"],
    ),
    "one-hot labels": (labelled(np.eye(9)), ["train labels have shape (9, 9); allowed: (n,)"]),
    "labels without images": (
        npz(x_train=IMAGES, y_test=LABELS),
        ["there are test labels and no test images; allowed: both, or only images"],
    ),
    "labels of tests alone": (
        npz(x_train=IMAGES, y_train=LABELS % 2, x_test=IMAGES, y_test=LABELS),
        ["test labels hold 2, 3, 4, 5, 6, and 2 more, which train labels have not; allowed"],
    ),
    # Images
    "an empty image": (one_image(b""), ["bad.png cannot be read as an image: it is empty"]),
    "a web page": (one_image(b"<html>"), ["bad.png cannot be read as an image: it is a web page"]),
    "a pointer of Git LFS": (
        one_image(b"version https://git-lfs.github.com/spec/v1"),
        ["bad.png", "git lfs pull fetches it"],
    ),
    "half an image": (
        one_image(an_image()[:60]),
        ["bad.png cannot be read as an image", "pattern"],
    ),
    "an image of 10^9 pixels": (one_image(png(10**5, 10**4)), ["bad.png", "1000000000 pixels"]),
    "an image of 4 x 10^18 pixels": (one_image(png(2**31 - 1, 2**31 - 1)), ["bad.png cannot be"]),
    "an image of 10^8 pixels": (one_image(png(10**4, 10**4)), ["bad.png", "100000000 pixels"]),
    "an image of no pixels": (one_image(png(0, 7)), ["bad.png cannot be read as an image"]),
    "an image of other size": (
        one_image(png(4, 7)),
        ["9 of 5x7, 1 of 4x7; not of the first: bad.png; allowed: one size", "ingest.height"],
    ),
    "a film": (
        one_image(
            an_image("GIF", save_all=True, append_images=[Image.new("L", (5, 7))]), "bad.gif"
        ),
        ["bad.gif cannot be read as an image: it has 2 frames; allowed: 1"],
    ),
    "32 bits": (
        pictures("1.tif", pixels=IMAGES[0].astype(np.int32)),
        ["1.tif cannot be read as an image: its pixels are 32-bit integers; allowed: 8 or 16"],
    ),
    "labelled images beside others": (
        pictures("1.png", "cat/1.png"),
        ["has images in ., cat; allowed: all in one folder, or all in folders named after"],
    ),
    "splits in a folder": (
        pictures("x/train/1.png", "x/test/1.png"),
        ["x/test, x/train, whose names mean splits; allowed: train/"],
    ),
    "tests alone": (pictures("test/1.png"), ["has images in test; allowed", "taken for splits"]),
    "images beside masks": (
        pictures("images/1.png", "masks/1.png"),
        ["has images in images, masks, which are no classes; allowed: the images alone"],
    ),
    "classes of tests alone": (
        pictures("train/a/1.png", "train/b/1.png", "test/c/1.png"),
        ["train/ has no images of the labels c, which other splits have; allowed"],
    ),
    "101 folders": (
        pictures(f"{101 * 'a/'}1.png"),
        ["is more than 100 folders deep; allowed: 100"],
    ),
    # Links
    "a link to nothing": (links("nowhere"), ["toys holds no files; allowed"]),
    "a link to itself": (links("0.png"), ["toys holds no files; allowed"]),
    "a link to the folder": (links("."), ["toys holds no files; allowed"]),
    "a link to what is no file": (links("/dev/zero"), ["toys holds no files; allowed"]),
    "a link to what is no image": (links("/etc/passwd"), ["0.png cannot be read as an image"]),
    # Checksums
    "a checksum of what is missing": (sums("a"), ["toys/a is missing; expected: 0000"]),
    "a checksum of other content": (sums("toys.npz"), ["toys.npz is altered", "expected: 0000"]),
    "a checksum of above": (sums("../a"), ["SHA256SUMS, line 1", "../a'; allowed: <sha-256>"]),
    "a checksum of /etc/passwd": (
        sums("/etc/passwd"),
        ["SHA256SUMS, line 1", "allowed: <sha-256>"],
    ),
    "no checksum": (sums("toys.npz ok"), ["line 1, is 'toys.npz ok'; allowed: <sha-256>"]),
    "a checksum of a long name": (sums(999 * "a"), ["is missing; expected: 0000"]),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")  # of what writes the archive
@pytest.mark.parametrize(("write", "facts"), DATA.values(), ids=DATA)
def test_bad_data_are_named(tmp_path: Path, write: Write, facts: list[str]) -> None:
    folder = tmp_path / "toys"
    folder.mkdir()
    write(folder)
    reading = {"filepath": str(folder), "path": str(tmp_path / "arrays"), "reading": AS_THEY_ARE}

    with pytest.raises(DatasetError) as caught:
        RawImagesDataset(**reading).load()

    cause = root_cause(caught.value)
    assert isinstance(cause, ValueError)
    assert "toys" in str(cause)
    assert [fact for fact in facts if fact not in str(cause)] == []
    assert not list(tmp_path.glob("arrays/toys/[!.]*"))


TYPED = {
    "dataset=../x": ["dataset is '../x'; allowed: letters, digits"],
    "dataset=/etc": ["dataset is '/etc'; allowed: letters, digits"],
    "dataset=.hidden": ["dataset is '.hidden'; allowed: letters, digits"],
    "dataset=a b": ["dataset is 'a b'; allowed: letters, digits"],
    "dataset=": ["dataset is None; allowed: string"],
    "dataset.name=x": ["dataset is {'name': 'x'}; allowed: string"],
    "run_key=a/b": ["run_key is 'a/b'; allowed: letters, digits"],
    "seed=-1": ["seed is -1; allowed: greater than or equal to 0"],
    "seed=1.5": ["seed is 1.5; allowed: integer"],
    "seed=1e3": ["seed is 1000.0; allowed: integer"],
    "seed=true": ["seed is True; allowed: integer"],
    "seed=four": ["seed is 'four'; allowed: integer"],
    "seed=4294967296": ["seed is 4294967296; allowed: less than 2147483648"],
    "seed=[1]": ["seed is [1]; allowed: integer"],
    "sede=1": ["sede is unknown (did you mean seed?); allowed: dataset, seed"],
    "stacked=1": ["stacked is unknown"],
    "ingest=1": ["ingest is 1; allowed: a block of keys and values"],
    "ingest.height=2": ["ingest.height is 2; allowed: greater than or equal to 3"],
    "ingest.height=8": ["ingest.width is None; allowed: a number of pixels, as height is one"],
    "ingest.channels=2": ["ingest.channels is 2; allowed: 1 or 3"],
    "ingest.brightest=0": ["ingest.brightest is 0; allowed: greater than 0"],
    "ingest.brightest=1e400": ["ingest.brightest is inf; allowed: a finite number"],
    "ingest.pattern=/etc/*": ["ingest.pattern is '/etc/*'; allowed: a glob within the data set's"],
    "ingest.background='#12'": ["ingest.background is '#12'; allowed: a colour's name in CSS"],
    "ingest.fit=zoom": ["ingest.fit is 'zoom'; allowed: 'pad', 'crop' or 'stretch'"],
    "ingest.test_fraction=1": ["ingest.test_fraction is 1; allowed: less than 1"],
    "corruption.mask.rate=1": ["corruption.mask.rate is 1; allowed: less than 1"],
    "corruption.mask.rate=.nan": ["corruption.mask.rate is nan; allowed: a finite number"],
    "stacked.training.epochs=0": ["stacked.training.epochs is 0; allowed: a whole number greater"],
    "stacked.training.epochs=many": ["stacked.training.epochs is 'many'; allowed: a whole", "auto"],
    "stacked.training.learning_rate=true": ["learning_rate is True; allowed: number"],
    "stacked.training.learning_rate='1'": ["learning_rate is '1'; allowed: number"],
    "stacked.training.batch_size=1e9": ["batch_size is 1000000000.0; allowed: integer"],
    "stacked.training.optimizer=adm": ["optimizer is 'adm'; allowed: 'sgd', 'adam' or 'nadam'"],
    "stacked.training.corruption.kind=snow": ["corruption.kind is 'snow'; allowed: 'none', 'gauss"],
    "stacked.training.strategy=joint": ["strategy is 'joint'; allowed: a block of keys and values"],
    "stacked.training.beta_1=0.5": ["stacked.training.beta_1 is 0.5; allowed: null, for the opti"],
    "stacked.model.family=cnn": ["stacked.model.family is 'cnn'; allowed: 'dense', 'tied'"],
    "stacked.model.widths=100-": ["stacked.model.widths is '100-'; allowed: whole numbers, as ["],
    "stacked.model.widths=0": ["stacked.model.widths.0 is 0; allowed: a whole number greater than"],
    "stacked.model.widths=[[1]]": ["stacked.model.widths.0 is [1]; allowed: a whole number"],
    "linear.training.loss=binary_crossentropy": ["linear.training.loss", "allowed: mse, where"],
    "only_by_name=x": ["only_by_name is 'x'; allowed: adversarial, "],
    "few_labels.draws=9": ["few_labels.draws is 9; allowed: 0, or 2 to 5"],
    "promotion.metric=loss": ["promotion.metric is 'loss'; allowed: 'validation/mse'"],
}


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "facts"), TYPED.items(), ids=TYPED)
def test_bad_parameters_are_named(typed: str, facts: list[str]) -> None:
    read = OmegaConf.merge(project_parameters(), read_typed(typed))
    parameters: Any = OmegaConf.to_container(read)

    with pytest.raises(WrongParameters) as caught:
        validate(parameters, experiment_model(parameters))

    assert [fact for fact in facts if fact not in str(caught.value)] == []


UNREADABLE = ["a={", "a=[1", "a=*b", "a=!b", "a=%", "a=${", "[=1", "a=[1],a.b=2", f"a={5000 * '9'}"]


@pytest.mark.parametrize("typed", UNREADABLE, ids=lambda typed: typed[:20])
def test_what_cannot_be_read_is_repeated(typed: str) -> None:
    with pytest.raises(BadInput, match="which cannot be read") as caught:
        read_typed(typed)

    assert typed.partition("=")[2] in caught.value.message


STUDY = {
    "run_key: null": "run_key is None; allowed: string",
    "run_key: a b": "run_key is 'a b'; allowed: letters, digits",
    "datasets: []": "datasets is []; allowed: a list of 1 or more",
    "datasets: null": "datasets is None; allowed: a list, as [a, b]",
    "datasets: [mnist, mnist]": "datasets is ['mnist', 'mnist']; allowed: each only once",
    "datasets: [/etc]": "datasets.0 is '/etc'; allowed: letters, digits",
    "seeds: 1.5": "seeds is 1.5; allowed: a list, as [a, b]",
    "seeds: [1, true]": "seeds.1 is True; allowed: integer",
    "seeds: [-1]": "seeds.0 is -1; allowed: greater than or equal to 0",
    "seeds: 2147483648": "seeds.0 is 2147483648; allowed: less than 2147483648",
    "variants: [[]]": "variants.0 is []; allowed: string",
    "params: a": "params is 'a'; allowed: keys and values, as stacked.training.epochs=20",
    "params: seed=1": "params is 'seed=1'; allowed: other keys than dataset, seed and run_key",
    "params: {a: 1}": "params is {'a': 1}; allowed: string",
    "seed: 1": "seed is unknown (did you mean seeds?); allowed: run_key, datasets",
}


@pytest.mark.parametrize(("line", "fact"), STUDY.items(), ids=STUDY)
def test_a_bad_study_is_named(line: str, fact: str) -> None:
    study = {"run_key": "x", "datasets": "mnist", "variants": None, "seeds": 1, "params": None}

    with pytest.raises(WrongParameters) as caught:
        validate({**study, **yaml.safe_load(line)}, StudyParams)

    [problem] = caught.value.problems
    assert problem.startswith(fact)


CONFIGURATION = ["a: [1", "- a", "a: *b", "a: 1\na: 2", "a: ${b}", "\t", "a: !b 1", "\ud8ff"]


@pytest.mark.parametrize("name", ["study", "parameters", "catalog", "credentials", "globals"])
@pytest.mark.parametrize("content", CONFIGURATION, ids=ascii)
def test_a_file_of_the_configuration_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: str
) -> None:
    for environment in ("base", "local"):
        (tmp_path / environment).mkdir()
    (tmp_path / "local" / f"{name}.yml").write_bytes(content.encode("utf-8", "surrogatepass"))
    patterns = {"study": ["study*"], "globals": ["globals*"]}

    with pytest.raises(BadInput, match=rf"cannot be read: .+ \(in a file {name}\*\)"):
        ConfigLoader(
            str(tmp_path), base_env="base", default_run_env="local", config_patterns=patterns
        )[name]


def test_typed_parameters_of_another_kind_are_named(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "local").mkdir()
    (tmp_path / "base" / "parameters.yml").write_text("stacked: {model: {widths: [1]}}")
    typed = read_typed("stacked.model.widths={a: 1}")
    options = {"base_env": "base", "default_run_env": "local", "runtime_params": typed}

    with pytest.raises(BadInput, match=r"or in --params: {'stacked': {'model': {'widths': {'a'"):
        ConfigLoader(str(tmp_path), **options)["parameters"]


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("", "is damaged"),
        ("null", "is damaged"),
        ("{}", "is damaged"),
        ('{"files": []}', "is damaged"),
        ('{"files": {"a": {"parameters": {}, "data": 1}}}', "is damaged"),
        ('{"files": {}, "more": 1}', "is damaged"),
        ('{"files": {}, "version": 2}', "is of version 2; allowed: 1"),
        ('{"files": {}, "version": null}', "is of version None; allowed: 1"),
        (9999 * '{"files":', "is damaged"),
    ],
    ids=lambda text: text[:40],
)
def test_a_bad_record_of_what_files_were_made_from_is_named(
    tmp_path: Path, content: str, fact: str
) -> None:
    file = local_file(tmp_path / made_from.FILE_NAME)
    file.write(content.encode())

    with pytest.raises(ValueError, match=rf"made_from\.json {fact}"):
        made_from.read(file)
