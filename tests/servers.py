"""Servers that tests start: a free port, and waiting until one answers."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from .waiting import LONGEST_WAIT

LARGEST_PORT_OF_VIZ = 49151
"""Kedro-Viz refuses those above, which systems hand out as free ones."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def mlflow_server(
    folder: Path, *options: str, port: int | None = None, **environment: str
) -> Iterator[str]:
    """Run MLflow's server over a store in a folder, and give its address."""
    port = port or free_port()
    arguments = f"server --backend-store-uri sqlite:///mlflow.db --port {port} --workers 1"
    # Not the six processes for jobs, which track nothing.
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **environment}
    address = f"http://127.0.0.1:{port}"
    command = ["mlflow", *arguments.split(), *options]
    with _server(command, folder, environment, until=f"{address}/health"):
        yield address


@contextmanager
def kedro_viz(project: Path) -> Iterator[str]:
    """Run `kedro viz` in a project, and give its address."""
    port = next(port for port in iter(free_port, None) if port <= LARGEST_PORT_OF_VIZ)
    address = f"http://127.0.0.1:{port}"
    command = f"kedro viz run --no-browser --port {port}".split()
    with _server(command, project, {"KEDRO_ENV": "smoke"}, until=f"{address}/api/main"):
        yield address


@contextmanager
def _server(
    command: list[str], folder: Path, environment: dict[str, str], *, until: str
) -> Iterator[None]:
    """Run a command of Python's, in a folder, from when an address answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(until, process)
        yield
    finally:
        with suppress(ProcessLookupError):  # where it ended by itself
            os.killpg(process.pid, signal.SIGKILL)  # it has processes of its own
        process.wait(30)


@contextmanager
def answering_server(
    answer: bytes, port: int = 0, *, status: int = 200, date: str | None = None
) -> Iterator[str]:
    """Run a server that answers everything with the same, at any time that it is told to have."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            self.send_header("Date", date or self.date_time_string())
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Answer) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def s3_server(bucket: str) -> Iterator[dict[str, str]]:
    """Run an S3-compatible server with a bucket, and give the variables by which it is found."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/moto-api/", process)
        put = urllib.request.Request(f"{address}/{bucket}", method="PUT")
        urllib.request.urlopen(put, timeout=30).close()
        yield {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        process.kill()
        process.wait(30)


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Return once an address answers; raise if the process has ended, or it takes too long."""
    deadline = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5)
        except OSError:
            assert process.poll() is None
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)
