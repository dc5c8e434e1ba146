"""The documents as a site: `make docs`. They are read as they are in the repository, too.

Sphinx' source folder is the whole project, so that links between documents are the same in both.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

PROJECT = Path(__file__).parents[2]

project = "Autoencoder Lab"
author = "The authors of Autoencoder Lab"

extensions = ["myst_parser"]
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/*.md",
    "docs/decisions/*.md",
    "benchmarks/results/*.md",
    "data/01_raw/**.md",
    "orchestration/README.md",
]
root_doc = "README"
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = project
html_copy_source = False

CONTENTS = """
```{toctree}
:hidden:
:caption: Use

docs/concepts
docs/guide
docs/your-images
docs/your-own
docs/generative
docs/team
docs/scaling
orchestration/README
```

```{toctree}
:hidden:
:caption: Look up

docs/results
docs/papers
docs/parameters
docs/metrics
docs/errors
docs/platforms
docs/licences
data/01_raw/README
data/01_raw/mnist/README
data/01_raw/fashion_mnist/README
CHANGELOG
```

```{toctree}
:hidden:
:caption: Run and develop

docs/team_server
CONTRIBUTING
docs/decisions/README
```

```{toctree}
:hidden:
:glob:
:caption: What was measured

benchmarks/results/*
```
"""
"""What is in the margin of the site, and of no use to who reads README.md."""

LINK = re.compile(r"\[([^\]]*)\]\(([^)#:\s]+)\)")


def setup(app: Sphinx) -> None:
    """Let Sphinx read documents as below."""
    app.connect("source-read", adapt)


def adapt(app: Sphinx, document: str, source: list[str]) -> None:
    """Add the contents to the first page; keep the text of links that lead to no document.

    Whether there is what they lead to is checked all the same.
    """
    folder = (PROJECT / document).parent

    def keep(link: re.Match[str]) -> str:
        text, target = link.groups()
        is_elsewhere = (folder / target).exists() and not target.endswith((".md", ".png"))
        return text if is_elsewhere else link[0]

    source[0] = LINK.sub(keep, source[0])
    if not source[0].startswith("#"):  # a benchmark writes its table alone
        source[0] = f"# {document.rpartition('/')[2].replace('_', ' ').capitalize()}\n\n{source[0]}"
    if document == app.config.root_doc:
        source[0] += CONTENTS
    if document.endswith("decisions/README"):
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"
