"""Kedro's configuration loader, which reads each kind of file once, and a user's log-ins always."""

from copy import deepcopy
from glob import has_magic
from typing import Any

import yaml
from kedro.config import MissingConfigException, OmegaConfigLoader
from omegaconf.errors import OmegaConfBaseException

from autoencoder_lab.failures import BadInput
from autoencoder_lab.parameters import drop_keys_of_other_kinds

LOG_INS = "credentials"

UNREADABLE = (yaml.YAMLError, OmegaConfBaseException, ValueError, AttributeError, TypeError)
"""What YAML, OmegaConf and Kedro raise for what is no block of keys and values."""


class ConfigLoader(OmegaConfigLoader):
    """Keeps what it has read: Kedro and hooks ask for the parameters six times in a session.

    `conf/local/credentials.yml` counts in every environment, below what the environment says: by
    itself, Kedro would read it in its default environment alone.
    """

    def __init__(self, conf_source: str, *args: Any, **kwargs: Any) -> None:
        if has_magic(conf_source):
            raise BadInput(
                f"the configuration is in {conf_source}, where Kedro takes *, ? and [ for "
                "patterns: rename the folder"
            )
        super().__init__(conf_source, *args, **kwargs)

    def __getitem__(self, key: str) -> dict[str, Any]:
        if key not in self:
            try:
                self[key] = self._read_log_ins() if key == LOG_INS else super().__getitem__(key)
            except UNREADABLE as error:
                reason = " ".join(str(error).split())
                typed = f", or in --params: {self.runtime_params}" if self.runtime_params else ""
                raise BadInput(
                    f"the configuration cannot be read: {reason} "
                    f"(in a file {self.config_patterns[key][0]}{typed})"
                ) from error
            if key == "parameters":
                drop_keys_of_other_kinds(self.data[key])
        kept: dict[str, Any] = deepcopy(self.data[key])
        return kept

    def _read_log_ins(self) -> dict[str, Any]:
        own = self._read_own_log_ins()
        try:
            return own | super().__getitem__(LOG_INS)
        except MissingConfigException:  # there are none, or no others
            if not own:
                raise
            return own

    def _read_own_log_ins(self) -> dict[str, Any]:
        try:
            own: dict[str, Any] = self.load_and_merge_dir_config(
                self._get_conf_env_path(self.default_run_env),
                self.config_patterns[LOG_INS],
                LOG_INS,
                set(),
                read_environment_variables=True,
            )
        except MissingConfigException:  # there is no such folder
            return {}
        return own
