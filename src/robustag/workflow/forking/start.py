"""Snakemake's own process starts the server and names the client as the interpreter of its jobs."""

import os
import shlex
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from robustag.workflow.forking import client

_servers: list[subprocess.Popen] = []
"""Kept, for the server ends when the pipe to it does, which is with this process."""


def fork_jobs() -> None:
    """Let the scripts that Snakemake runs from now on be forked from one process, which ends with this one.

    Snakemake reads the interpreter of scripts from ``sys.executable``, as words of a shell. Where the process
    cannot be started, that stays as it is.
    """
    if sys.platform != "linux":
        return
    (python,) = shlex.split(sys.executable)
    with suppress(OSError):
        name = _start_server(python)
        # Without its site-packages the client starts in a hundredth of a second.
        sys.executable = shlex.join([python, "-I", "-S", str(Path(client.__file__)), name])


def _start_server(python: str) -> str:
    """Start the server; the name of its socket."""
    with socket.socket(socket.AF_UNIX) as listener:
        # A name that is free, outside the file system (unix(7): autobind, abstract sockets).
        listener.bind("")
        listener.listen(socket.SOMAXCONN)
        command = [python, "-P", "-m", "robustag.workflow.forking.server", str(listener.fileno())]
        # No threads of OpenBLAS, which do not come along in a fork. Jobs have their own environment.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        _servers.append(
            subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, pass_fds=[listener.fileno()])
        )
        return listener.getsockname()[1:].decode()
