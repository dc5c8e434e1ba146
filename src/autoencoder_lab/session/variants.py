"""The variants and parameters of the configuration in use."""

import os
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from kedro.config import AbstractConfigLoader
from kedro.framework.project import pipelines, settings
from kedro.utils import find_kedro_project

from autoencoder_lab.failures import BadInput
from autoencoder_lab.parameters import (
    Capability,
    architecture,
    capabilities,
    family_of,
    strategy_of,
    variant_names,
)

MISSING = ("NA", "NULL", "NaN", "None", "nan", "null")
"""What pandas, and other readers of tables, take for no value."""

RESERVED = ("shared", "ingest", "corruption", "comparison")
"""The folder of what variants share, and the names of other pipelines."""


@dataclass(frozen=True)
class Variants:
    """The names of the variants in a configuration.

    Attributes:
        base: Those of the base environment, but for `only_by_name`: `kedro run` trains them all.
        own: All others, of this and of another environment.
        architectures: What each variant's architecture is called.
        capabilities: What each variant can do.
    """

    base: tuple[str, ...]
    own: tuple[str, ...]
    architectures: Mapping[str, str]
    capabilities: Mapping[str, frozenset[Capability]]


_loader_in_use: AbstractConfigLoader | None = None


def find_variants() -> Variants:
    """Return the variants of the session's configuration or, without a session, the project's.

    Raises:
        BadInput: A name cannot be that of a pipeline and a folder.
    """
    loader = _loader()
    # Not a new loader, which would take over from this one what ${globals:…} means.
    base_loader = copy(loader)
    base_loader.env = settings.CONFIG_LOADER_ARGS["base_env"]
    base_loader.clear()
    parameters = loader["parameters"]
    names = variant_names(parameters)
    for name in names:
        refused = (*RESERVED, *MISSING)
        if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or name in refused:
            raise BadInput(
                f"a variant is called {name!r}; allowed: a letter, then letters, digits and '_', "
                f"and none of {', '.join(refused)}"
            )
    base = {*variant_names(base_loader["parameters"])} - {*(parameters.get("only_by_name") or ())}
    return Variants(
        base=tuple(name for name in names if name in base),
        own=tuple(name for name in names if name not in base),
        architectures={name: architecture(parameters[name]["model"]) for name in names},
        capabilities={name: _capabilities(parameters[name]) for name in names},
    )


def _capabilities(variant: Mapping[str, object]) -> frozenset[Capability]:
    return capabilities(family_of(variant["model"]), strategy_of(variant.get("training")))


def configured(block: str) -> object:
    """Return a block of the parameters, for what catalog entries are made with."""
    return _loader()["parameters"][block]


def asks_for_few_labels() -> bool:
    """Whether the parameters ask for the stage `few_labels`, which takes minutes."""
    block = _loader()["parameters"].get("few_labels")
    return isinstance(block, Mapping) and bool(block.get("draws"))


def use_configuration(loader: AbstractConfigLoader) -> None:
    """Let the project's pipelines be, from now on, of the variants in a session's configuration."""
    global _loader_in_use
    _loader_in_use = loader
    pipelines.configure("autoencoder_lab.pipeline_registry")  # forgets those that are loaded


def _loader() -> AbstractConfigLoader:
    return _project_loader() if _loader_in_use is None else _loader_in_use  # it may be empty


def _project_loader() -> AbstractConfigLoader:
    project = find_kedro_project(Path.cwd()) or Path.cwd()
    loader: AbstractConfigLoader = settings.CONFIG_LOADER_CLASS(
        str(project / settings.CONF_SOURCE),
        env=os.getenv("KEDRO_ENV"),
        **settings.CONFIG_LOADER_ARGS,
    )
    return loader
