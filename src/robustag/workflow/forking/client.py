"""The interpreter of a job, as Snakemake sees it: it has the job forked by the server, and lives as long.

It is run by its path and imports nothing of this package, which would take longer than the fork. Signals go
on to the job, whose end is this process's end. Without a server it becomes a plain interpreter.
"""

import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress

ACCEPTED = b"+"
"""What the server answers once the job runs; before that a lost connection means that there is no job."""

PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def main(name: str, *arguments: str) -> None:
    """Run the script ``arguments[0]`` with the further ones.

    Parameters
    ----------
    name : str
        Of the server's abstract socket.
    """
    # Signals wait in a pipe from now on: none is lost, whatever this process is about.
    signals = _piped_signals()
    server = None if arguments[0].startswith("-") else _connect(name)
    if server is None or not _hand_over(server, arguments):
        return _become(arguments, signals)
    while True:
        ready, _, _ = select.select([server, signals], [], [])
        if server in ready:
            break
        server.sendall(signals.recv(1))
    status = server.recv(4)
    if not status:
        sys.exit("robustag: the process that jobs are forked from is gone: run again")
    (code,) = struct.unpack("i", status)
    if code < 0:  # ended by a signal: so does this process
        _die(-code)
    sys.exit(code)


def same_user(connection: socket.socket) -> bool:
    """Whether the other end belongs to the user of this process: an abstract socket is open to everybody."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1] == os.getuid()


def _piped_signals() -> socket.socket:
    """Where the numbers of signals arrive instead of ending this process."""
    signals, sender = socket.socketpair()
    for end in (signals, sender):
        end.setblocking(False)
    signal.set_wakeup_fd(sender.detach())
    for number in PASSED_ON:
        signal.signal(number, lambda number, frame: None)
    return signals


def _connect(name: str) -> socket.socket | None:
    """A connection to the server; None without one."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"\0{name}")
    except OSError:
        return None
    return connection if same_user(connection) else None


def _hand_over(server: socket.socket, arguments: tuple[str, ...]) -> bool:
    """Ask for a job with this process's folder, environment and standard files; whether it runs."""
    request = json.dumps([os.getcwd(), dict(os.environ), arguments]).encode()
    try:
        socket.send_fds(server, [struct.pack("Q", len(request))], [0, 1, 2])
        server.sendall(request)
        return server.recv(1) == ACCEPTED
    except OSError:
        return False


def _become(arguments: tuple[str, ...], signals: socket.socket) -> None:
    """Run a plain interpreter in the place of this process, unless a signal has come in the meantime."""
    with suppress(BlockingIOError):
        _die(signals.recv(1)[0])
    os.execv(sys.executable, [sys.executable, *arguments])


def _die(number: int) -> None:
    """End as a process does that a signal ends."""
    with suppress(OSError):  # nothing can be set for SIGKILL
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    main(*sys.argv[1:])
