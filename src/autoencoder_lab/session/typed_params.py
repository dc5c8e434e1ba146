"""Parameters from the command line, `key=value,…`: YAML values, but names stay text."""

import json
import shlex
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from autoencoder_lab.failures import BadInput

NAMES = ("dataset", "run_key", "evaluation.normal_class")
"""Parameters that are text whatever they look like: 007, 1.10 and 2026_11 are no numbers."""

NONE = ("", "null", "~")

UNREADABLE = (yaml.YAMLError, OmegaConfBaseException, ValueError, IndexError)
"""What YAML and OmegaConf raise for a key or a value."""


def names_as_text(typed: str) -> str:
    """Return parameters, as they are typed, in which YAML takes no name for a number.

    Raises:
        BadInput: A value cannot be read, with how it is written.
    """
    items = list(map(_name_as_text, filter(None, map(str.strip, typed.split(",")))))
    try:
        OmegaConf.from_dotlist([item for item in items if "=" in item])
    except UNREADABLE as error:  # of two keys together
        raise BadInput(f"--params is {typed}, which cannot be read: {error}") from error
    return ",".join(items)


def read_typed(typed: str) -> dict[str, Any]:
    """Return parameters, nested by the dots in their keys.

    Raises:
        BadInput: As above, or an item is no key with a value.
    """
    items = names_as_text(typed).split(",") if typed else []
    if wrong := [item for item in items if "=" not in item]:
        raise BadInput(
            f"--params has {wrong[0]!r}; allowed: <key>=<value>, parted by commas, which no value "
            "may hold"
        )
    params: dict[str, Any] = OmegaConf.to_container(OmegaConf.from_dotlist(items))  # type: ignore[assignment]
    return params


def _name_as_text(item: str) -> str:
    key, equals, value = (part.strip() for part in item.partition("="))
    if key in NAMES and value not in NONE and value[0] not in "'\"":
        return f"{key}={json.dumps(value, ensure_ascii=False)}"
    if not equals:
        return item  # which `read_typed` refuses, or Kedro
    try:
        OmegaConf.from_dotlist([item])
    except UNREADABLE as error:
        as_text = f"{key}={json.dumps(value, ensure_ascii=False)}"
        raise BadInput(
            f"{key} is {value}, which cannot be read. In quotes, it is text: "
            f"--params {shlex.quote(as_text)}"
        ) from error
    return item
