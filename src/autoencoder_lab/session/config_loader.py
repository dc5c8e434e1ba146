"""Kedro's configuration loader, which reads each kind of file once."""

from copy import deepcopy
from typing import Any

from kedro.config import OmegaConfigLoader

from autoencoder_lab.parameters import drop_keys_of_other_kinds


class ConfigLoader(OmegaConfigLoader):
    """Keeps what it has read: Kedro and hooks ask for the parameters six times in a session."""

    def __getitem__(self, key: str) -> dict[str, Any]:
        if key not in self:
            self[key] = super().__getitem__(key)
            if key == "parameters":
                drop_keys_of_other_kinds(self.data[key])
        kept: dict[str, Any] = deepcopy(self.data[key])
        return kept
