"""The process that jobs are forked from.

For each request it imports what the script will import, if it has not yet, and forks: the new process runs
the script. It ends when the process that started it has ended and no job is left.
"""

import ast
import ctypes
import gc
import os
import selectors
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from robustag.workflow.forking.client import ACCEPTED, PASSED_ON, same_user
from robustag.workflow.forking.request import Request

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when the one that forked it ends."""

_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
"""What may import something later, or never."""


@dataclass(frozen=True)
class _Job:
    """A forked process, the handle that tells its end, and the client that waits for it."""

    process: int
    handle: int
    client: socket.socket


class Server:
    """Forks a process for every request.

    Parameters
    ----------
    listener : socket
        Where clients connect.
    parent : int
        A file that ends with the process that started this one.
    """

    def __init__(self, listener: socket.socket, parent: int) -> None:
        self._listener, self._parent = listener, parent
        # What to do where a file has something to say.
        self._doors = selectors.DefaultSelector()
        self._doors.register(listener, selectors.EVENT_READ, self._accept)
        self._doors.register(parent, selectors.EVENT_READ, self._close)

    def serve(self) -> Request | None:
        """Serve until the parent and all jobs have ended.

        Returns
        -------
        Request or None
            In every forked process what it is to run; in this one None, at the end.
        """
        while self._doors.get_map():
            for key, _ in self._doors.select():
                # A job that has ended in this round has closed its other door.
                if key.fd in self._doors.get_map() and (request := key.data()) is not None:
                    return request
        return None

    def _close(self) -> None:
        """The parent has ended: no more requests."""
        self._doors.unregister(self._parent)
        self._doors.unregister(self._listener)
        self._listener.close()

    def _accept(self) -> Request | None:
        """Fork a process for a request; in that process, the request."""
        client, _ = self._listener.accept()
        try:
            if not same_user(client):
                raise PermissionError
            request = Request.read(client)
            _load(request.script)
            process = _fork()
        except OSError:
            # No room for a process, or no request: the client does without.
            client.close()
            return None
        if process == 0:
            # By itself, before it does anything: no client takes it for lost and runs its script as well.
            with suppress(OSError):  # killed already: the server sees to that
                client.sendall(ACCEPTED)
            client.close()
            self._leave()
            return request
        request.close()
        self._watch(_Job(process, os.pidfd_open(process), client))
        return None

    def _watch(self, job: _Job) -> None:
        """Wait for the end of a job, and for signals of its client."""
        self._doors.register(job.handle, selectors.EVENT_READ, lambda: self._end(job))
        self._doors.register(job.client, selectors.EVENT_READ, lambda: self._signal(job))

    def _end(self, job: _Job) -> None:
        """Tell the client how its job has ended."""
        status = os.waitstatus_to_exitcode(os.waitpid(job.process, 0)[1])
        with suppress(OSError):  # a client that was killed asks no more
            job.client.sendall(struct.pack("i", status))
        self._doors.unregister(job.handle)
        os.close(job.handle)
        if job.client in self._doors.get_map():
            self._doors.unregister(job.client)
        job.client.close()

    def _signal(self, job: _Job) -> None:
        """Pass a signal on to a job. A client that was killed takes its job along."""
        with suppress(ConnectionError):
            if numbers := job.client.recv(1):
                os.kill(job.process, numbers[0])
                return
        os.kill(job.process, signal.SIGKILL)
        self._doors.unregister(job.client)

    def _leave(self) -> None:
        """In a forked process: close what belongs to the server, but for its standard input."""
        for key in list(self._doors.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            elif key.fd != self._parent:
                os.close(key.fd)
        self._doors.close()


def imports(script: str | Path) -> Iterator[tuple[str, str | None]]:
    """What a script imports outside of functions and classes: modules, and names from them or None."""
    waiting: list[ast.AST] = [ast.parse(Path(script).read_bytes())]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.module, alias.name) for alias in node.names)
        elif not isinstance(node, _LATER):
            waiting += ast.iter_child_nodes(node)


def _load(script: str) -> None:
    """Import what a script imports."""
    # What cannot be imported or parsed is the script's affair, which will say so.
    with suppress(Exception):
        for module, name in imports(script):
            loaded = import_module(module)
            if name is not None:
                # Packages import what they export when asked; other names are modules.
                getattr(loaded, name, None)
        if compiling := sys.modules.get("robustag.compiling"):
            compiling.make_ready()
    # What is there now is never looked through again, and so never copied.
    gc.freeze()


def _fork() -> int:
    """Fork; the new process meets signals as one that has just begun, and ends with this one."""
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    with warnings.catch_warnings():
        # Python warns of threads, of which pyarrow has one; it is prepared for forks.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in PASSED_ON:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    return process


def main(listener: str) -> None:
    """Serve on an open file, as long as standard input is open; in a forked process, run its script."""
    # Ctrl-C reaches every process of a terminal: jobs decide what it means to them.
    for number in PASSED_ON:
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=int(listener)) as door:
        request = Server(door, sys.stdin.fileno()).serve()
    if request is not None:
        request.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
