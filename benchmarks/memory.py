"""How much memory a process holds."""

import threading
import time
from pathlib import Path


class Memory(threading.Thread):
    """Writes down the most memory held, in MB, but for files that are mapped into it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0

    def run(self) -> None:
        while True:
            status = Path("/proc/self/status").read_text().splitlines()
            [held] = [int(line.split()[1]) for line in status if line.startswith("RssAnon")]
            self.most = max(self.most, held / 1000)
            time.sleep(0.02)
