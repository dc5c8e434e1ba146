"""Which files of a data set's folder are read, and which are left out."""

import errno
import logging
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from upath import UPath
from wcmatch import glob

from . import checksums
from .messages import shortened

logger = logging.getLogger(__name__)

GLOB = glob.GLOBSTAR | glob.NEGATE | glob.NEGATEALL | glob.BRACE | glob.SPLIT | glob.IGNORECASE
"""`**`, `!…` alone or after `|`, and `{a,b}`; JPG is jpg."""

MOST_BRACES = 100_000
"""Patterns that `{…}` stand for together."""

MOST_NAMES = 100

DEEPEST = 100
"""Folders within each other: more of them are a mistake."""

IN_A_CIRCLE = "links in a circle"
NOT_READ = "not in a form that is read"
"""Why files are left out that somebody may miss: it is said."""

FROM_PHONES = (".heic", ".heif", ".hif")

SAYS_WHAT_IT_HOLDS = (
    "ETag",
    "etag",
    "md5Hash",
    "mtime",
    "LastModified",
    "last_modified",
    "created",
)
"""What object stores tell of a file, the best first."""

Stamp = tuple[int, int | str]
"""A file's size, and when it was changed or, on an object store, what it says of its content."""


@dataclass(frozen=True)
class Listing:
    """The files that may be data, in the order of their names, and those that are not.

    Attributes:
        stamps: Of each file, by its path as seen from the folder.
        left_out: Names, by why they are left out.
        links: Names of those that lead to files and folders elsewhere, which are read.
    """

    stamps: dict[str, Stamp] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)

    def restricted(self, files: Collection[str], *, reason: str) -> "Listing":
        """Return the listing with these files alone; the others are left out for the reason."""
        chosen = set(files)
        others = [shown(file) for file in self.stamps if file not in chosen]
        if not others:
            return self
        stamps = {file: stamp for file, stamp in self.stamps.items() if file in chosen}
        return replace(self, stamps=stamps, left_out={**self.left_out, reason: others})

    def warn(self, folder: UPath) -> None:
        """Log what is odd."""
        if self.links:
            logger.info("%s: links are followed: %s", folder, shortened(sorted(self.links)))
        for name in self.left_out.get(IN_A_CIRCLE, []):
            logger.warning("%s: %s leads back to where it is: left out", folder, name)
        if same := _of_two_cases(self.stamps):
            logger.warning(
                "%s: these names differ only in case, or in how Unicode writes them, and are one "
                "on some systems; all are read: %s",
                folder,
                shortened(same),
            )
        if unread := self.left_out.get(NOT_READ):
            files = shortened(unread) + how_to_convert(unread)
            logger.warning("%s: these files are not read: %s", folder, files)

    def leave_out(self, reason: str, name: str) -> None:
        self.left_out.setdefault(reason, []).append(name)

    def summary(self) -> dict[str, object]:
        """Return how many files are left out for each reason, and the names of the first."""
        return {
            reason: {"files": len(names), "names": sorted(names)[:MOST_NAMES]}
            for reason, names in self.left_out.items()
        }


def list_files(folder: UPath, pattern: str | None) -> Listing:
    """Return what a folder holds, with what its links lead to; READMEs and hidden files aside.

    Args:
        folder: The data set's.
        pattern: A glob, of paths as seen from the folder, for which files are read. None for all.
    """
    listing = Listing()
    if isinstance(folder, Path):
        stamps = dict(_walk(str(folder), "", (_identity(os.stat(folder)),), listing))
    else:
        stamps = dict(_find(folder, listing))
    for file in sorted(stamps, key=lambda name: name.split("/")):
        listing.stamps[file] = stamps[file]
    if pattern is None:
        return listing
    # Both in the one way that Unicode composes names: file systems differ in it.
    matcher = glob.compile(unicodedata.normalize("NFC", pattern), flags=GLOB, limit=MOST_BRACES)
    matching = [file for file in stamps if matcher.match(shown(file))]
    if stamps and not matching:
        raise ValueError(
            f"ingest.pattern is {pattern!r}, which matches none of {folder}'s files, "
            f"{shortened(map(shown, listing.stamps))}; allowed: a glob, as '**/*.jpg'"
        )
    return listing.restricted(matching, reason="not matched by ingest.pattern")


def how_to_convert(files: Iterable[str]) -> str:
    """Return what can be done about files as phones write them, after a point, if there are any."""
    if not any(file.lower().endswith(FROM_PHONES) for file in files):
        return ""
    return (
        ". HEIC is not read: convert the files to JPEG, as ImageMagick's 'mogrify -format jpg "
        "*.heic' does, or let the phone's camera write the most compatible format"
    )


def shown(name: str) -> str:
    """Return a name as text that can be printed anywhere, in the one way Unicode composes it."""
    printable = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", printable)


def _find(folder: UPath, listing: Listing) -> Iterator[tuple[str, Stamp]]:
    """Yield the files of an object store, which has no links."""
    folder.fs.invalidate_cache()
    place = folder.path.rstrip("/") + "/"
    for path, info in folder.fs.find(folder.path, detail=True).items():
        file = path.removeprefix(place)
        if file.startswith("/") or "//" in file:  # which would lead elsewhere, as a path
            listing.leave_out(NOT_READ, shown(file))
            continue
        if file and not file.endswith("/") and not any(map(_is_beside_the_data, file.split("/"))):
            content = next((info[key] for key in SAYS_WHAT_IT_HOLDS if info.get(key)), "")
            yield file, (info["size"], str(content))


Identity = tuple[int, int]


def _walk(
    place: str, parents: str, above: tuple[Identity, ...], listing: Listing
) -> Iterator[tuple[str, Stamp]]:
    for entry in list(os.scandir(place)):  # or an error would leave it open
        if _is_beside_the_data(entry.name):
            continue
        file = parents + entry.name
        if entry.is_symlink():
            listing.links.append(shown(file))
        try:
            status = entry.stat()  # of what a link leads to
        except FileNotFoundError:
            listing.leave_out("links to nothing", shown(file))
            continue
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            listing.leave_out(IN_A_CIRCLE, shown(file))
            continue
        if stat.S_ISREG(status.st_mode):
            yield file, (status.st_size, status.st_mtime_ns)
        elif not stat.S_ISDIR(status.st_mode):
            listing.leave_out("neither files nor folders", shown(file))
        elif _identity(status) in above:
            listing.leave_out(IN_A_CIRCLE, shown(file))
        elif len(above) > DEEPEST:
            raise ValueError(
                f"{shown(entry.path)} is more than {DEEPEST} folders deep; allowed: {DEEPEST} "
                "within the data set's folder"
            )
        else:
            yield from _walk(entry.path, f"{file}/", (*above, _identity(status)), listing)


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _is_beside_the_data(name: str) -> bool:
    return name.upper().startswith((".", "README", "__MACOSX")) or name == checksums.FILE_NAME


def _of_two_cases(files: Iterable[str]) -> list[str]:
    one_way = {file: shown(file).casefold() for file in files}
    counts = Counter(one_way.values())
    return [shown(file) for file, name in one_way.items() if counts[name] > 1]
