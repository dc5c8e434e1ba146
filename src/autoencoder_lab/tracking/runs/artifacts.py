"""Where the files lie in a run that are written by one part of tracking and read by another."""

LOCK = "environment/requirements.txt"
PACKAGES = "environment/packages.txt"
MACHINE = "environment/machine.json"
PARAMETERS = "configuration/parameters.yml"
CATALOG = "configuration/catalog.yml"
PATCH = "code/uncommitted.patch"
