"""Configuration as it may be shown to all who read a run."""

from pydantic import JsonValue

from autoencoder_lab.tracking.store.config import without_password

SECRET = {"credentials", "password", "secret", "token"}
"""Keys of what a catalog entry may hold by itself, beside the name of an entry of credentials."""

HIDDEN = "(hidden)"


def without_secrets(config: JsonValue) -> JsonValue:
    """Return a configuration without passwords: in addresses, or under keys that say what they are.

    The name of an entry of `credentials.yml` stays.
    """
    match config:
        case dict():
            return {
                key: HIDDEN if _is_secret(key, value) else without_secrets(value)
                for key, value in config.items()
            }
        case list():
            return [without_secrets(value) for value in config]
        case str():
            return without_password(config)
        case _:
            return config


def _is_secret(key: str, value: JsonValue) -> bool:
    is_name = key == "credentials" and isinstance(value, str)
    return key in SECRET and value is not None and not is_name
