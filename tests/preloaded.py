"""Kedro's commands in processes of their own that need not import the libraries first.

    python preloaded.py serve SOCKET                imports libraries.py, and forks a process for
                                                    each command that it is sent
    python preloaded.py ask SOCKET ARGUMENT ...     runs `kedro ARGUMENT ...` in such a process

The second stands for the process: it has its streams, its folder, environment and exit status,
hands on the signals that it is sent, and takes it with it where it is killed. So do the commands
that a command starts. Nothing of this package is imported before the fork: each project brings its
own code. TensorFlow is, but hidden: at its end, a command says in the last line of its errors
whether it has asked for it.
"""

import json
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

HIDDEN = ("tensorflow", "keras")

HANDED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Hidden(MetaPathFinder, Loader):
    """Modules that are imported, but that nobody sees before one of them is asked for."""

    def __init__(self, packages: Sequence[str]) -> None:
        names = [name for name in sys.modules if name.partition(".")[0] in packages]
        self.modules = {name: sys.modules.pop(name) for name in names}
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name not in self.modules:
            return None
        sys.meta_path.remove(self)
        sys.modules.update(self.modules)  # all of them: they know each other
        self.spec = self.modules[name].__spec__
        return ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec


def ask(address: str, arguments: list[str]) -> None:
    """Have a command run, and end as it ends."""
    signals: list[int] = []
    for number in HANDED_ON:
        signal.signal(number, lambda number, _frame: signals.append(number))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    request = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
    content = json.dumps(request).encode()
    socket.send_fds(connection, [len(content).to_bytes(4, "big")], [1, 2])
    connection.sendall(content)
    connection.settimeout(0.02)
    answer = b""
    while answer.count(b"\n") < 2:
        with suppress(TimeoutError):
            answer += connection.recv(100)
        while signals and b"\n" in answer:
            os.kill(int(answer.partition(b"\n")[0]), signals.pop(0))
    status = int(answer.splitlines()[1])
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


def serve(address: str) -> None:
    """Import libraries, and run each command in a process of its own, watched by another."""
    import gc

    import libraries  # noqa: F401  # beside this file

    Hidden(HIDDEN)
    gc.collect()
    gc.freeze()  # or each process would copy what it only counts
    sys.executable = stand_in(address)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    tests = os.getppid()
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
    server.settimeout(5)
    while os.getppid() == tests:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        connection.setblocking(True)
        if os.fork() == 0:
            server.close()
            watch(connection)
        connection.close()


def stand_in(address: str) -> str:
    """Return a Python whose `-m kedro ...` is run in such a process, too."""
    python, here = shlex.quote(sys.executable), shlex.quote(__file__)
    kedro = f'shift 2; exec {python} -SE {here} ask {shlex.quote(address)} "$@"'
    path = f"{address}-python"
    with open(path, "x") as script:
        script.write(f'#!/bin/sh\nif [ "$1 $2" = "-m kedro" ]; then {kedro}; fi\n')
        script.write(f'exec {python} "$@"\n')
    os.chmod(path, 0o755)
    return path


def watch(connection: socket.socket) -> None:
    """Run the command that is asked for, say how it ended, and kill it once nobody waits for it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(connection, 4, 2)
    with connection.makefile("rb") as requests:
        request = json.loads(requests.read(int.from_bytes(length, "big")))
    pid = os.fork()
    if pid == 0:
        connection.close()
        run(request, streams)
    for stream in streams:
        os.close(stream)
    connection.sendall(b"%d\n" % pid)
    connection.setblocking(False)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            connection.setblocking(True)
            with suppress(BrokenPipeError):  # who asked was killed
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        try:
            if connection.recv(1) == b"":
                os.kill(pid, signal.SIGKILL)
        except BlockingIOError:
            time.sleep(0.02)


def run(request: dict[str, Any], streams: list[int]) -> None:
    """Be the command."""
    import atexit
    import threading

    for number in HANDED_ON:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, *streams)):
        os.dup2(stream, number)
    # Opened again: what they knew was of the server's, as whether they can be sought in.
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    os.umask(0o022)
    time.tzset()
    sys.path[0] = ""
    sys.argv = ["kedro", *request["arguments"]]
    status = 1
    try:
        from kedro.framework.cli.cli import main

        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stderr.write(f"{'tensorflow' in sys.modules}\n")
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        ask(sys.argv[2], sys.argv[3:])
