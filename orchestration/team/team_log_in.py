"""Who sends a request to the team's server, and what it refuses to all users.

MLflow's own log-in asks who they are, and its permissions what they may do. Beyond these it lets
whoever logs in name a folder of the server's machine, or a bucket, as an experiment's or trace's
place for artifacts, and write there; and instruct an assistant that runs programs on that machine.

MLflow imports this module by its name: `basic_auth.ini` and PYTHONPATH in `server.env` say it.
"""

from flask import Response, request
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, PERMISSION_DENIED
from mlflow.server.auth import (
    authenticate_request_basic_auth,
    make_basic_auth_response,
    store,
)
from mlflow.server.handlers import _get_normalized_request_json
from mlflow.utils.mlflow_tags import MLFLOW_ARTIFACT_LOCATION
from pydantic import JsonValue
from werkzeug.datastructures import Authorization

ASSISTANT = "/mlflow/assistant"
TAKE_PLACES = ("/mlflow/experiments/create", "/mlflow/traces")
PLACES = {"artifact_location", "artifactLocation", MLFLOW_ARTIFACT_LOCATION}
"""The field of experiments, as protocol buffers' JSON may spell it, and the tag of traces."""


def log_in() -> Authorization | Response:
    """Return who sends the request, or the answer that nobody is known by that name and password.

    Raises:
        MlflowException: The request is one that nobody may send, or the database of users cannot be
            reached; MLflow answers with it.
    """
    sender: Authorization | Response = authenticate_request_basic_auth()
    if isinstance(sender, Response):
        return sender
    # MLflow remembers who has logged in. It answers that nobody is known where it then cannot ask
    # its database about them, and a client does not try that again.
    if not store.has_user(sender.username or ""):
        refusal: Response = make_basic_auth_response()
        return refusal
    if ASSISTANT in request.path:
        raise MlflowException("This server has no assistant.", PERMISSION_DENIED)
    takes_places = any(path in request.path for path in TAKE_PLACES)
    if takes_places and request.method != "GET" and names_place(_get_normalized_request_json()):
        raise MlflowException(
            "This server keeps all artifacts in a place of its own: leave out artifact_location.",
            INVALID_PARAMETER_VALUE,
        )
    return sender


def names_place(body: JsonValue) -> bool:
    """Whether the body of a request says where artifacts are to be kept."""
    match body:
        case dict():
            return any(
                (key in PLACES and bool(value)) or names_place(value) for key, value in body.items()
            )
        case list():
            return any(map(names_place, body))
        case _:
            return body == MLFLOW_ARTIFACT_LOCATION  # the key of a tag in a list
