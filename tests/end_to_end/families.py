"""Two families that are there for tests alone: of a fitted autoencoder, each keeps one part.

And the family and the metric of docs/your-own.md, as they stand there.
"""

import re
import subprocess
from pathlib import Path

from ..test_documents import CHANGES
from .conftest import PROJECT, ProjectCopy

PARTS = ("encoder", "decoder")

PARAMETERS = """
class {name}OnlyParams(DenseParams):
    family: Literal["{part}_only"]  # type: ignore[assignment]

"""

VARIANT = """
{part}_only:
  model: {{family: {part}_only, widths: [20, 10], activation: selu, output_activation: sigmoid}}
  training: {{loss: mse, optimizer: adam, learning_rate: 0.001, epochs: 2, batch_size: 32}}
"""

KEPT_PART = """
    if params.family.endswith("_only"):
        part = autoencoder.get_layer(params.family.removesuffix("_only"))
        return keras.Sequential([keras.Input(part.input_shape[1:]), part])
"""


def add_families(project: ProjectCopy) -> None:
    """Add the variants `encoder_only` and `decoder_only`, each of a family of its own."""
    package = project.folder / "src/autoencoder_lab"
    classes = [f"{part.title()}OnlyParams" for part in PARTS]
    union = "DenseParams\n        | TiedParams"  # as the page has it
    _insert(
        package / "parameters/models.py",
        before="# Of a plain union",
        text="".join(PARAMETERS.format(name=part.title(), part=part) for part in PARTS),
    )
    _insert(package / "parameters/models.py", before=union, text=f"{' | '.join(classes)} | ")
    rows = "".join(f'    "{part}_only": frozenset({{"{part}"}}),\n' for part in PARTS)
    _insert(package / "parameters/families.py", before='    "dense":', text=rows)
    saved = "    return tied.untie"
    _insert(package / "models/__init__.py", before=saved, text=KEPT_PART)
    for part in PARTS:
        file = project.folder / f"conf/base/parameters/{part}_only.yml"
        file.write_text(VARIANT.format(part=part))


def add_what_the_page_adds(project: ProjectCopy) -> None:
    """Change the project as docs/your-own.md says, but for its tests, and add the page's files."""
    for change in CHANGES:
        done = subprocess.run(
            ["git", "apply", "--exclude=tests/*", "-"],
            cwd=project.folder,
            input=change,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"docs/your-own.md does not apply: {done.stderr}"
    page = (PROJECT / "docs/your-own.md").read_text()
    files = re.findall(r"new file\s+`([^`]+)`:\n\n```\w+\n(.*?)```", page, re.S)
    assert len(files) == 2
    for name, content in files:
        (project.folder / name).write_text(content)


def _insert(file: Path, *, before: str, text: str) -> None:
    content = file.read_text()
    assert content.count(before) == 1, f"{before!r} in {file}"
    file.write_text(content.replace(before, text + before))
