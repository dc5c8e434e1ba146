"""The progress bar of a command that does many things."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def progress_bar(console: Console, *, disable: bool = False, transient: bool = False) -> Progress:
    """Return a bar: what is counted, the time taken and left, and `beside`, a task's words."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("{task.fields[beside]}"),
        console=console,
        disable=disable,
        transient=transient,
    )
