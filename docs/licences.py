"""Lists the licences of what is installed with the project and its schedule: docs/licences.md.

    make licences

From the metadata of both environments, by their names in SPDX. Ends with an error where a package
does not say what its licence is, or where nobody has said yet why a copyleft one is in order.
"""

import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import canonicalize_name

HERE = Path(__file__).parent
FOLDERS = {"The project": HERE.parent, "The schedule (Airflow)": HERE.parent / "orchestration"}

SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache Software License (Apache 2.0)": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "New BSD": "BSD-3-Clause",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""Names that packages give, which are not SPDX's but leave no doubt."""

BY_ITS_TEXT = {
    "greenback": "MIT OR Apache-2.0",
    "huey": "MIT",
    "namex": "Apache-2.0",
    "psycopg2-binary": "LGPL-3.0-or-later",  # with leave to link it to OpenSSL
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "skops": "MIT",
    "text-unidecode": "Artistic-1.0-Perl OR GPL-2.0-or-later",
    "uvloop": "MIT OR Apache-2.0",
}
"""Licences of packages whose metadata name none, or several without saying how they go together."""

WEAK = (
    "used as it is; the licence asks only for the source of its own files, where they are changed"
)
LIBRARY = "imported, not changed, and anybody can replace it, as the LGPL asks of a library"
COPYLEFT = {
    "certifi": WEAK,
    "orjson": WEAK,
    "pathspec": WEAK,
    "psycopg": LIBRARY,
    "psycopg-binary": LIBRARY,
    "psycopg2-binary": LIBRARY,
    "text-unidecode": "of the two licences, the Artistic one is chosen, which is no copyleft",
    "tqdm": WEAK,
}
"""Packages under copyleft, and why users of a project under MIT need not care."""

PAGE = """\
# Licences

What is installed to run the project and its schedule on Linux, without the developers' tools.
`make licences` writes this page from the packages' metadata.

The project is under the MIT licence. Its wheel holds its own code alone; pip fetches the packages
from their authors. Whoever passes the packages on, in an image of a container for example, passes
their licences on with them and, of those under copyleft, offers the source.

Wheels bring libraries of others, whose licences are in them. Those of GCC in NumPy, SciPy,
scikit-learn and faiss-cpu are under the GPL or LGPL; GCC's exception lets programs under any
licence link to them.

## Copyleft

{copyleft}{lists}"""


def main() -> None:
    """Write docs/licences.md."""
    licences = {title: licences_of(folder) for title, folder in FOLDERS.items()}
    everywhere = {name: spdx for found in licences.values() for name, spdx in found.items()}
    copyleft = {
        name: spdx for name, spdx in sorted(everywhere.items()) if "GPL" in spdx or "MPL" in spdx
    }
    unjudged = copyleft.keys() - COPYLEFT
    if unjudged:
        raise SystemExit(f"under copyleft, without a reason in COPYLEFT: {sorted(unjudged)}")
    reasons = [(name, spdx, COPYLEFT[name]) for name, spdx in copyleft.items()]
    lists = [
        f"\n## {title}\n\n{table([('package', 'licence'), *found.items()])}"
        for title, found in licences.items()
    ]
    page = PAGE.format(
        copyleft=table([("package", "licence", "why it is in order"), *reasons]),
        lists="".join(lists),
    )
    (HERE / "licences.md").write_text(page)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table in Markdown; the first row is its head."""
    head, *others = rows
    lines = [head, ("---",) * len(head), *others]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def licences_of(folder: Path) -> dict[str, str]:
    """Return the licence of each package that a project needs when it runs."""
    [packages] = folder.glob(".venv/lib/python3.*/site-packages")
    installed: dict[str, Distribution] = {
        canonicalize_name(found.name): found for found in distributions(path=[str(packages)])
    }
    licences = {name: licence_of(installed[name]) for name in needed(folder)}
    unknown = [name for name, spdx in licences.items() if not spdx]
    if unknown:
        raise SystemExit(f"read their licences, and add them to BY_ITS_TEXT: {unknown}")
    return licences


def needed(folder: Path) -> list[str]:
    """Return the locked packages of a project that are not for developers alone."""
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python=.venv"]
    listed = subprocess.check_output(
        [*command, "--all-extras", "--constraint=requirements.txt", "pyproject.toml"],
        cwd=folder,
        text=True,
    )
    return re.findall(r"^([\w.-]+)==", listed, re.M)


def licence_of(package: Distribution) -> str:
    """Return the SPDX expression of a package's licence; nothing where that takes a reader."""
    if (name := canonicalize_name(package.name)) in BY_ITS_TEXT:
        return BY_ITS_TEXT[name]
    fields = package.metadata.json
    expression, text = (str(fields.get(key, "")) for key in ("license_expression", "license"))
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in fields.get("classifier", [])
        if line.startswith("License")
    ]
    for given in (expression, text, *classifiers):
        with suppress(InvalidLicenseExpression):
            return canonicalize_license_expression(SPDX.get(given, given))
    return kind_of_bsd("\n".join([text, *licence_files(package)]))


def licence_files(package: Distribution) -> list[str]:
    """Return the texts of a package's licences."""
    name = re.compile(r"dist-info/.*(LICEN[CS]E|COPYING)")
    return [file.read_text() for file in package.files or [] if name.search(str(file))]


def kind_of_bsd(text: str) -> str:
    """Return which licence of BSD a text is: the third clause is about the authors' names."""
    words = " ".join(text.split())
    if "Redistribution and use in source and binary forms" not in words:
        return ""
    return "BSD-3-Clause" if "endorse or promote" in words else "BSD-2-Clause"


if __name__ == "__main__":
    main()
