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
from rich.table import Column


def progress_bar(console: Console, *, disable: bool = False, transient: bool = False) -> Progress:
    """Return a bar: what is counted, the time taken and left, and `beside`, a task's words."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(elapsed_when_finished=False),
        # The words are what is cut off where a terminal is narrow, not the numbers.
        TextColumn("{task.fields[beside]}", table_column=Column(ratio=1, no_wrap=True)),
        console=console,
        expand=True,
        disable=disable,
        transient=transient,
    )
