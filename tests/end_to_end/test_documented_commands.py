"""The commands of the documents: runs as they stand there up to the split images, studies planned.

Those of a team's server are in tests/orchestration, and other commands have modules of their own.
"""

import re
import shlex

import numpy as np
import pytest
from PIL import Image

from ..test_documents import KEDRO, PROJECT
from .conftest import ProjectCopy
from .families import add_what_the_page_adds

ONLY_A_FORM = {"kedro run --params", "kedro run --pipelines=stacked --only-missing-outputs …"}
"""Commands that are named there without what goes on."""

HERE = [line for line in KEDRO if "--env=team" not in line and line not in ONLY_A_FORM]
RUNS = [line for line in HERE if line.startswith("kedro run")]
STUDIES = [line for line in HERE if line.startswith("kedro study") and "--verdict" not in line]


@pytest.fixture(scope="module")
def documented(project: ProjectCopy) -> ProjectCopy:
    """Return a project with what the documents have their reader add."""
    add_what_the_page_adds(project)
    [wide] = re.findall(r"```yaml\n(wide:.*?)```", (PROJECT / "docs/guide.md").read_text(), re.S)
    (project.folder / "conf/local/parameters").mkdir(parents=True)
    (project.folder / "conf/local/parameters/wide.yml").write_text(wide)
    photos = np.random.default_rng(0).integers(0, 256, (60, 16, 16), np.uint8)
    for split, images in (("temple", photos[:30]), ("flower", photos[30:])):
        folder = project.folder / "data/01_raw/photos" / split
        folder.mkdir(parents=True)
        for number, image in enumerate(images):
            Image.fromarray(image).save(folder / f"{number}.png")
    return project


@pytest.mark.parametrize("line", RUNS)
def test_runs_of_the_documents_begin(documented: ProjectCopy, line: str) -> None:
    if "temple" in line:  # the data set of that page's reader
        line = line.replace("--params ", "--params dataset=photos,")

    done = documented.kedro(*shlex.split(line)[1:], "--to-nodes=split_images")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("line", STUDIES)
def test_studies_of_the_documents_can_be_planned(documented: ProjectCopy, line: str) -> None:
    planned = {"--dry-run"} - {*shlex.split(line)}

    done = documented.kedro(*shlex.split(line)[1:], *planned)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"cells|\"variant\"", done.stdout), done.stdout
