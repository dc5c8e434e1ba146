"""Models that would run code where they are loaded, as somebody may leave them in a store."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras

CONFIG = "config.json"


def save_with_bytecode(file: Path, marker: Path) -> None:
    """Save a model with a layer of Python bytecode, which touches a file as soon as it is built."""
    source = f"lambda images: (open({str(marker)!r}, 'w').close(), images)[1]"
    images = keras.Input((5, 3, 1))
    # Its shape is given, or saving it would run it.
    layer = keras.layers.Lambda(eval(source), output_shape=(5, 3, 1))
    keras.Model(images, layer(images)).save(file)
    marker.unlink(missing_ok=True)


def save_with_command(file: Path, marker: Path) -> None:
    """Save a model of which a layer is a function of Python's library that runs a program."""
    plain = file.with_name("plain.keras")
    keras.Sequential([keras.Input((5, 3, 1)), keras.layers.Flatten(name="command")]).save(plain)
    with zipfile.ZipFile(plain) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    plain.unlink()
    config = json.loads(members[CONFIG])
    for layer in config["config"]["layers"]:
        if layer["config"]["name"] == "command":
            command = {"args": ["touch", str(marker)]}
            layer |= {"module": "subprocess", "class_name": "call", "config": command}
            layer["registered_name"] = None
    members[CONFIG] = json.dumps(config).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


SaveHostile = Callable[[Path, Path], None]
HOSTILE: dict[str, SaveHostile] = {"bytecode": save_with_bytecode, "command": save_with_command}
