"""What the installed package runs in any folder: pipelines, with a configuration in an archive."""

import sys

from kedro.framework.project import configure_project

from autoencoder_lab.cli import cli


def main() -> None:
    """Do what `kedro run` does in a project."""
    if (command := " ".join(sys.argv[1:2])) in cli.commands:
        sys.exit(
            f"Error: {command} is a command of projects. Without one, pipelines are run: leave out "
            f"{command!r}. With pyproject.toml and conf/ in this folder: kedro {command}"
        )
    configure_project("autoencoder_lab")
    cli.commands["run"]()


if __name__ == "__main__":
    main()
