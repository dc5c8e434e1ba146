"""Paths of artifacts that one part of tracking writes and another reads."""

LOCK = "environment/requirements.txt"
PACKAGES = "environment/packages.txt"
MACHINE = "environment/machine.json"
PARAMETERS = "configuration/parameters.yml"
CATALOG = "configuration/catalog.yml"
PATCH = "code/uncommitted.patch"
