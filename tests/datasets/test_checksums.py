"""Fetching and verifying the files that a SHA256SUMS lists."""

import functools
import gc
import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from upath import UPath

from autoencoder_lab.datasets import checksums

CONTENTS = {"a.bin": b"first", "b c.bin": b"second", "cat/d.bin": b"third"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds nothing but its SHA256SUMS."""
    folder = tmp_path / "toys"
    folder.mkdir()
    sums = [f"{sha256(content)}  {name}\n" for name, content in CONTENTS.items()]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return folder


def fill(folder: Path) -> None:
    for name, content in CONTENTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def test_a_folder_without_checksums_passes(tmp_path: Path) -> None:
    checksums.verify(tmp_path, can_fetch=False)


def test_both_forms_of_sha256sum_and_windows_line_ends_are_read(folder: Path) -> None:
    fill(folder)
    text = (folder / "SHA256SUMS").read_text()
    (folder / "SHA256SUMS").write_bytes(text.replace("  ", " *").replace("\n", "\r\n\r\n").encode())

    checksums.verify(folder, can_fetch=False)

    (folder / "a.bin").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"a.bin is altered"):
        checksums.verify(folder, can_fetch=False)


def test_all_missing_and_altered_files_are_in_one_error(folder: Path) -> None:
    fill(folder)
    (folder / "a.bin").unlink()
    (folder / "b c.bin").write_bytes(b"secon")

    with pytest.raises(ValueError, match="Restore the files") as caught:
        checksums.verify(folder, can_fetch=False)

    message = str(caught.value)
    first, second, cut_off = (sha256(content) for content in (b"first", b"second", b"secon"))
    assert f"{folder / 'a.bin'} is missing; expected: {first}" in message
    assert f"b c.bin is altered: its SHA-256 is {cut_off}; expected: {second}" in message
    assert f"(`git checkout -- {folder / 'a.bin'} '{folder / 'b c.bin'}'` where" in message
    assert "otherwise copy them again" in message
    assert f"delete their lines in {folder / 'SHA256SUMS'}" in message
    assert "d.bin" not in message


def test_altered_files_that_can_be_fetched_are_to_be_deleted(folder: Path) -> None:
    fill(folder)
    (folder / "a.bin").write_bytes(b"other")

    with pytest.raises(ValueError, match="delete them, to have them fetched again"):
        checksums.verify(folder, can_fetch=True)


@pytest.mark.parametrize("line", ["no checksum", f"{'0' * 63}  a"])
def test_a_line_that_cannot_be_read_is_an_error(folder: Path, line: str) -> None:
    (folder / "SHA256SUMS").write_text(f"\n{line}\n")

    with pytest.raises(ValueError, match=f"SHA256SUMS, line 2, is '{line}'; allowed: <sha-256>"):
        checksums.verify(folder, can_fetch=False)


@pytest.mark.parametrize("name", ["../a", "/etc/a", "cat/../../a", ".."])
def test_a_name_that_leads_out_of_the_folder_is_an_error(folder: Path, name: str) -> None:
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n")

    match = f"line 1, is '{'0' * 64}  {name}'; allowed: <sha-256>  <file in the folder>"
    with pytest.raises(ValueError, match=match):
        checksums.fetch_missing(folder, "http://127.0.0.1")


def test_a_name_too_long_for_any_file_is_missing(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  {'a' * 999}\n")

    with pytest.raises(ValueError, match="aaa is missing; expected: 0000"):
        checksums.verify(folder, can_fetch=False)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and keeps what was asked for."""

    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        self.asked.append(self.path)


@pytest.fixture
def asked() -> list[str]:
    """The paths that were asked of the server."""
    return []


@pytest.fixture
def address(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that has all files."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served = tmp_path / "served"
    served.mkdir()
    fill(served)
    handler = type("RecordingHandler", (Handler,), {"asked": asked})
    serve = functools.partial(handler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
    gc.collect()  # a connection that pooch leaves open ends in the test that caused it


@pytest.mark.slow
def test_missing_files_are_fetched_and_pass(folder: Path, address: str) -> None:
    checksums.fetch_missing(folder, address)

    checksums.verify(folder, can_fetch=True)
    assert {name: (folder / name).read_bytes() for name in CONTENTS} == CONTENTS


@pytest.mark.slow
def test_missing_files_are_fetched_to_an_object_store(folder: Path, address: str) -> None:
    store = UPath("memory://bucket/toys")
    (store / "SHA256SUMS").write_bytes((folder / "SHA256SUMS").read_bytes())

    checksums.fetch_missing(store, address)

    checksums.verify(store, can_fetch=True)
    assert {name: (store / name).read_bytes() for name in CONTENTS} == CONTENTS


@pytest.mark.slow
def test_only_missing_files_are_fetched(folder: Path, address: str, asked: list[str]) -> None:
    fill(folder)
    (folder / "b c.bin").unlink()

    checksums.fetch_missing(folder, address)

    assert asked == ["/b%20c.bin"]


@pytest.mark.slow
def test_a_fetched_file_with_another_checksum_is_not_kept(
    folder: Path, address: str, tmp_path: Path
) -> None:
    (tmp_path / "served" / "a.bin").write_bytes(b"other")

    with pytest.raises(ValueError, match=r"could not be fetched.*does not match"):
        checksums.fetch_missing(folder, address)

    assert [file.name for file in folder.iterdir()] == ["SHA256SUMS"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed <socket")  # pooch does not close a 404
def test_a_file_the_server_lacks_is_an_error(folder: Path, address: str, tmp_path: Path) -> None:
    (tmp_path / "served" / "b c.bin").unlink()

    with pytest.raises(ValueError, match="Reason: 404") as caught:
        checksums.fetch_missing(folder, address)

    message = str(caught.value)
    assert f"Put b c.bin, cat/d.bin from {address} into {folder} yourself" in message


def test_an_unreachable_address_is_one_clear_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}/toys"

    with pytest.raises(ValueError, match="Files of the data set toys could not be") as caught:
        checksums.fetch_missing(folder, address)

    message = str(caught.value)
    assert f"Put a.bin, b c.bin, cat/d.bin from {address} into {folder} yourself" in message
