"""Describing the inputs and outputs of a node in a few lines of JSON."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import JsonValue

from autoencoder_lab.images.sources import StoredImages

LONGEST_TEXT = 200
MOST_ITEMS = 30


def describe_value(value: object) -> JsonValue:
    """Return what a value is: an array's shape, type and range, a table's columns, a digest.

    Equal digests (SHA-256) mean equal bytes: of an array, a table, a text, or a model's weights.
    What is small is returned as it is. Of images that are not read, the digest is of their places
    in the data, whose own digest is in the run. Of figures, only the type is told.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return value if len(value) <= LONGEST_TEXT else _described(value, [value.encode()])
        case np.generic():
            return describe_value(value.item())
        case np.ndarray():
            return _describe_array(value)
        case pd.Series():
            return describe_value(value.to_frame())
        case pd.DataFrame():
            rows = pd.util.hash_pandas_object(value).to_numpy()
            columns: list[JsonValue] = [str(column) for column in value.columns]
            return _described(value, [rows], rows=len(value), columns=columns)
        case Mapping() if len(value) <= MOST_ITEMS:
            return {str(key): describe_value(item) for key, item in value.items()}
        case Sequence() if len(value) <= MOST_ITEMS:
            return [describe_value(item) for item in value]
        case Mapping() | Sequence():
            return {"type": type(value).__name__, "items": len(value)}
        case StoredImages():
            return _described(value, [value.rows], shape=list(value.shape))
        case _ if dataclasses.is_dataclass(value):
            fields = [field.name for field in dataclasses.fields(value)]
            return {name: describe_value(getattr(value, name)) for name in fields}
        case _ if hasattr(value, "get_weights"):
            weights = value.get_weights()
            return _described(value, weights, weights=sum(array.size for array in weights))
        case _:
            return {"type": type(value).__name__}


def _describe_array(array: np.ndarray[Any, Any]) -> JsonValue:
    facts: dict[str, JsonValue] = {"shape": list(array.shape), "dtype": str(array.dtype)}
    if array.size and np.issubdtype(array.dtype, np.number):
        facts |= {"min": array.min().item(), "max": array.max().item()}
    return _described(array, [array], **facts)


def _described(value: object, parts: Iterable[Any], **facts: JsonValue) -> JsonValue:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else part)
    return {"type": type(value).__name__, **facts, "sha256": digest.hexdigest()}
