"""Where a job computes: a GPU of its own if there is one, the processor otherwise."""

import fcntl
import os
import tempfile
from pathlib import Path

_held: list[int] = []


def own_device(folder: str | Path | None = None) -> str:
    """Device of this job, "cpu" or "cuda:N".

    Batch systems leave a job the GPUs it was given, usually one. A job that sees several takes the first that
    no other job of this machine holds; it holds it until it ends. If all are held it shares the first.

    Parameters
    ----------
    folder : path, optional
        Where the locks are, the temporary folder by default.
    """
    import torch

    number = torch.cuda.device_count()
    if number < 2:
        return "cuda:0" if number else "cpu"
    place = Path(folder or tempfile.gettempdir())
    for gpu in range(number):
        lock = os.open(place / f"robustag-{os.getuid()}-gpu{gpu}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            _held.append(lock)  # an open file is a held lock: the kernel drops it with the process
            return f"cuda:{gpu}"
    return "cuda:0"
