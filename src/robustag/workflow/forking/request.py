"""What a client asks for: a script to run as one of Snakemake's jobs would be."""

import atexit
import json
import os
import runpy
import socket
import struct
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """A script with its folder, environment, command line and standard files.

    Attributes
    ----------
    folder : str
    environment : mapping of str to str
    arguments : list of str
        The script first.
    files : list of int
        Standard input, output and error.
    """

    folder: str
    environment: dict[str, str]
    arguments: list[str]
    files: list[int]

    @property
    def script(self) -> str:
        """The file to run."""
        return os.path.join(self.folder, self.arguments[0])

    @classmethod
    def read(cls, connection: socket.socket) -> "Request":
        """What a client sends.

        Raises
        ------
        OSError
            If it stops half-way.
        """
        header, files, _, _ = socket.recv_fds(connection, struct.calcsize("Q"), 3)
        if len(files) < 3:
            raise OSError("a request without its files")
        (length,) = struct.unpack("Q", header)
        with connection.makefile("rb") as stream:
            text = stream.read(length)
        if len(text) < length:
            raise OSError("half a request")
        folder, environment, arguments = json.loads(text)
        return cls(folder, environment, arguments, files)

    def close(self) -> None:
        """Close the files, which belong to the process that runs the script."""
        for file in self.files:
            os.close(file)

    def run(self) -> None:
        """Run the script: it is what this process does from now on."""
        for number, file in enumerate(self.files):
            os.dup2(file, number)
        self.close()
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        tempfile.tempdir = None  # of the environment before
        sys.argv = self.arguments
        sys.path.insert(0, str(Path(self.script).parent))
        status = [1]
        # Runs after all that the script registers. What was registered before is the server's affair, and to
        # take its libraries apart would cost a third of a second.
        atexit.register(_leave, status)
        try:
            runpy.run_path(self.script, run_name="__main__")
        except SystemExit as stop:
            status[0] = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            raise
        status[0] = 0


def _leave(status: list[int]) -> None:
    """End this process, with what it has written."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status[0])
