from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import mlflow
import pytest

from autoencoder_lab.failures import BadInput
from autoencoder_lab.tracking.store.server import require_fitting_server

from ...servers import answering_server

MAJOR = int(mlflow.__version__.split(".")[0])


@contextmanager
def answering(version: str, ahead: timedelta = timedelta(0), status: int = 200) -> Iterator[str]:
    """Run a server of some version, whose clock may be ahead of this machine's."""
    date = format_datetime(datetime.now(UTC) + ahead, usegmt=True)
    with answering_server(version.encode(), status=status, date=date) as address:
        yield address


@pytest.mark.slow
def test_a_real_server_fits(server: str) -> None:
    require_fitting_server(server)


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (f"{MAJOR}.0.1", 200),
        (f"{MAJOR}.999.0", 200),
        ("not found", 404),
        ("1.0", 401),
        ("<html>", 200),
    ],
)
def test_another_minor_version_fits_and_who_does_not_say_is_believed(
    version: str, status: int
) -> None:
    with answering(version, status=status) as address:
        require_fitting_server(address)


@pytest.mark.parametrize("version", [f"{MAJOR - 1}.22.1", f"{MAJOR + 1}.0.0", "10.1"])
def test_another_major_version_is_refused(version: str) -> None:
    message = f"server http://.* is MLflow {version}, this project uses {mlflow.__version__}"
    with answering(version) as address, pytest.raises(BadInput, match=message):
        require_fitting_server(address)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=3), "3.0 hours behind that of the tracking server http"),
        (timedelta(hours=-2.5), "2.5 hours ahead of that of the tracking server http"),
    ],
)
def test_a_clock_that_is_wrong_by_hours_is_refused(ahead: timedelta, words: str) -> None:
    with answering(mlflow.__version__, ahead) as address, pytest.raises(BadInput, match=words):
        require_fitting_server(address)


def test_a_clock_that_is_wrong_by_a_minute_is_taken() -> None:
    with answering(mlflow.__version__, timedelta(minutes=1)) as address:
        require_fitting_server(address)
