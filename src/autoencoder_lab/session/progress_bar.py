"""The progress bar of a command that does one thing after the other."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress_bar(console: Console, *, disable: bool, transient: bool = False) -> Progress:
    """Return a bar with what is counted, how long it still takes, and `beside`, a task's words."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("{task.fields[beside]}"),
        console=console,
        disable=disable,
        transient=transient,
    )
