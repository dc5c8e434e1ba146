"""Who is champion after whom, decided once, however many promote at the same time.

MLflow has neither locks nor compare-and-set: of two processes that read an alias and then move it,
both believe that they have. But a parameter of a logged model is written once and never changed.
The parameter `champion_<n>` of the oldest version's model therefore elects the n-th champion, as
"4 after 1", and the aliases follow: whoever finds them behind moves them, so that a process that
dies in between leaves nothing undone. A person may move them, too: the next turn starts there.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from uuid import uuid4

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from autoencoder_lab.tracking.results.champion import CHAMPION, MODELS

FORMER = "former_champion"
TURN = "champion_{}"
FOLLOWED = "champion_{}_has_the_alias"
REGISTERED_BY = "registered_by"

SECONDS_TO_REGISTER = 20


class Turn(NamedTuple):
    """A version that becomes the champion, and the one that it replaces, if any."""

    version: str
    former: str | None

    def __str__(self) -> str:
        return f"{self.version} after {self.former or 'none'}"


def succeed(client: MlflowClient, name: str, turn: Turn) -> bool:
    """Make a version the champion if the one that it is to replace still is.

    Returns:
        Whether the version is the champion now. If it is not, another has become it meanwhile.
    """
    history = _oldest_model(client, name)
    while True:
        turns = _follow(client, name, history)
        now = client.get_registered_model(name).aliases.get(CHAMPION)
        if (now and str(now)) != turn.former:
            return str(now) == turn.version
        _write_once(client, history, TURN.format(len(turns) + 1), str(turn))


def is_to_register(client: MlflowClient, model_id: str, has_version: Callable[[], bool]) -> bool:
    """Return whether this process is to register a model without a version, so that it gets one.

    Where another process is to, this one waits for the version; it is to after all if the other
    seems to have died.
    """
    own = uuid4().hex
    if _write_once(client, model_id, REGISTERED_BY, own) == own:
        return True
    deadline = time.monotonic() + SECONDS_TO_REGISTER
    while not has_version():
        if time.monotonic() > deadline:
            return True
        time.sleep(0.2)
    return False


def _follow(client: MlflowClient, name: str, history: str) -> list[Turn]:
    """Let the aliases follow the last turn, and return all turns.

    One who was slow may have moved an alias back to an earlier turn: so each looks again.
    """
    params = _params(client, history)
    turns = list(_read(params))
    is_behind = bool(turns) and FOLLOWED.format(len(turns)) not in params
    while is_behind:
        version, former = turns[-1]
        if former is not None:
            _set_alias(client, name, FORMER, former)
        _set_alias(client, name, CHAMPION, version)
        _write_once(client, history, FOLLOWED.format(len(turns)), str(True))
        latest = list(_read(_params(client, history)))
        is_behind, turns = latest != turns, latest
    return turns


def _set_alias(client: MlflowClient, name: str, alias: str, version: str) -> None:
    try:
        client.set_registered_model_alias(name, alias, version)
    except MlflowException:
        if alias not in client.get_registered_model(name).aliases:
            raise
        client.set_registered_model_alias(name, alias, version)  # MLflow fails when two make one


def _read(params: Mapping[str, str]) -> Iterator[Turn]:
    number = 1
    while entry := params.get(TURN.format(number)):
        version, _, former = entry.partition(" after ")
        yield Turn(version, None if former == "none" else former)
        number += 1


def _oldest_model(client: MlflowClient, name: str) -> str:
    """Return the id of the logged model of the oldest version that has one."""
    query, order = f"name = '{name}'", ["version_number ASC"]
    for version in client.search_model_versions(query, order_by=order):
        model_id = str(version.source).removeprefix(MODELS)
        if model_id.startswith("m-") and _is_there(client, model_id):
            return model_id
    raise ValueError(f"no version of {name} has a logged model")


def _is_there(client: MlflowClient, model_id: str) -> bool:
    try:
        client.get_logged_model(model_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return False
    return True


def _params(client: MlflowClient, model_id: str) -> Mapping[str, str]:
    return client.get_logged_model(model_id).params or {}


def _write_once(client: MlflowClient, model_id: str, key: str, value: str) -> str:
    """Return the value of a logged model's parameter, written now or before."""
    try:
        client.log_model_params(model_id, {key: value})
    except MlflowException:
        written = _params(client, model_id).get(key)
        if written is None:
            raise
        return written
    return value
