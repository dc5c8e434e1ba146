"""Whether a tracking server fits this project's MLflow and this machine's clock."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import mlflow
import requests
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from autoencoder_lab.failures import BadInput

MOST_APART = timedelta(minutes=10)
"""Of two clocks: the newest run of a cell is the one that was started last."""


def require_fitting_server(address: str) -> None:
    """Ask a server that has taken the log-in which MLflow it is, and what time it has.

    Raises:
        BadInput: It is of another major version, or has another time.
        MlflowException: It does not answer.
    """
    answer = http_request(get_default_host_creds(address), "/version", "GET")
    version = re.match(r"(\d+)\.\d+", answer.text)
    if answer.status_code != HTTPStatus.OK or version is None:
        return  # another maker's, which speaks MLflow's API
    if version[1] != mlflow.__version__.split(".")[0]:
        raise BadInput(
            f"the tracking server {address} is MLflow {answer.text}, this project uses "
            f"{mlflow.__version__}; allowed: the same major version"
        )
    _require_same_time(answer, address)


def _require_same_time(answer: requests.Response, address: str) -> None:
    if "Date" not in answer.headers:
        return
    apart = datetime.now(UTC) - parsedate_to_datetime(answer.headers["Date"])
    if abs(apart) > MOST_APART:
        hours = abs(apart) / timedelta(hours=1)
        side = "ahead of" if apart > timedelta(0) else "behind"
        raise BadInput(
            f"this machine's clock is {hours:.1f} hours {side} that of the tracking server "
            f"{address}: set them right, or which run is the newest cannot be told"
        )
