"""The files that a `SHA256SUMS` lists: fetched if missing, and verified."""

import hashlib
import re
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from upath import UPath

from .messages import shortened

FILE_NAME = "SHA256SUMS"
LINE = re.compile(r"(?P<sha256>[0-9a-fA-F]{64}) [ *](?P<name>.+)")


def fetch_missing(folder: UPath, address: str) -> None:
    """Download the listed files that are not there; each appears only once it is whole."""
    import pooch  # only needed once for a data set

    expected = _listed(folder)
    is_local = isinstance(folder, Path)
    try:
        with tempfile.TemporaryDirectory() as elsewhere:
            for name in _missing(folder, expected):
                file = pooch.retrieve(
                    f"{address.rstrip('/')}/{quote(name)}",
                    known_hash=f"sha256:{expected[name]}",
                    fname=name,
                    path=folder if is_local else elsewhere,
                    progressbar=True,
                )
                if is_local:
                    Path(file).chmod(0o644)  # pooch lets only the user read it
                else:
                    folder.fs.put_file(file, (folder / name).path)
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        names = shortened(_missing(folder, expected), limit=20)
        raise ValueError(
            f"Files of the data set {folder.name} could not be fetched. Put {names} from {address} "
            f"into {folder} yourself, or choose another data set. Reason: {error}"
        ) from error


def is_there(folder: UPath) -> bool:
    """Whether a data set has any of the listed files: otherwise it is not fetched yet."""
    return any(_is_file(folder / name) for name in _listed(folder))


def stamps(folder: UPath) -> dict[str, tuple[int, str]]:
    """Return the size of the list and its digest: nothing where there is none."""
    sums = folder / FILE_NAME
    if not sums.is_file():
        return {}
    return {FILE_NAME: (sums.stat().st_size, _sha256(sums))}


def verify(folder: UPath, *, can_fetch: bool) -> None:
    """Raise all listed files that are missing or altered."""
    problems = {}
    for name, expected in _listed(folder).items():
        file = folder / name
        actual = _sha256(file) if _is_file(file) else None
        if actual != expected:
            state = "missing" if actual is None else f"altered: its SHA-256 is {actual}"
            problems[shlex.quote(str(file))] = f"{file} is {state}; expected: {expected}"
    if not problems:
        return
    listing = shortened(problems.values(), limit=20, separator="\n")
    command = f"git checkout -- {shortened(problems, limit=20, separator=' ')}"
    by_hand = f"`{command}` where git has them, otherwise copy them again"
    remedy = "delete them, to have them fetched again" if can_fetch else by_hand
    raise ValueError(
        f"{listing}\nRestore the files ({remedy}) or, if the change is meant, delete their lines "
        f"in {folder / FILE_NAME}"
    )


def _listed(folder: UPath) -> Mapping[str, str]:
    """Return the checksum of each listed file, or raise all lines that cannot be read."""
    sums = folder / FILE_NAME
    if not sums.is_file():
        return {}
    expected = {}
    problems = []
    for number, line in enumerate(sums.read_text("utf-8-sig", errors="replace").splitlines(), 1):
        match = LINE.fullmatch(line)
        if match and not _leads_out(match["name"]):
            expected[match["name"]] = match["sha256"].lower()
        elif line.strip():
            problems.append(
                f"{sums}, line {number}, is {line!r}; allowed: <sha-256>  <file in the folder>"
            )
    if problems:
        raise ValueError(shortened(problems, separator="\n"))
    return expected


def _leads_out(name: str) -> bool:
    """Whether a name is not of a file in the folder: it would be fetched to wherever it says."""
    return name.startswith("/") or ".." in name.split("/")


def _missing(folder: UPath, expected: Mapping[str, str]) -> list[str]:
    return [name for name in expected if not _is_file(folder / name)]


def _is_file(path: UPath) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is too long
        return False


def _sha256(file: UPath) -> str:
    with file.open("rb") as content:
        # What BinaryIO's stubs leave out, all files have.
        return hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
