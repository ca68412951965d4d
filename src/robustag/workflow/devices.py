"""Where a job computes: a GPU of its own if there is one, the processor otherwise."""

import fcntl
import logging
import os
import tempfile
from itertools import product
from pathlib import Path

_log = logging.getLogger(__name__)
_held: list[int] = []
#: Jobs that a GPU is shared among before all others go to the first.
_SHARES = 16


def own_device(folder: str | Path | None = None) -> str:
    """Device of this job, "cpu" or "cuda:N".

    Batch systems leave a job the GPUs it was given, usually one. A job that sees several takes the first that
    fewest other jobs of this machine hold; it holds it until it ends. A GPU that others have filled, or keep
    for themselves, is none.

    Parameters
    ----------
    folder : path, optional
        Where the locks are, the temporary folder by default.
    """
    import torch

    number = torch.cuda.device_count()
    gpu = _own_gpu(number, folder) if number > 1 else "cuda:0"
    return gpu if number and _answers(gpu) else "cpu"


def _own_gpu(number: int, folder: str | Path | None) -> str:
    place = Path(folder or tempfile.gettempdir())
    for share, gpu in product(range(_SHARES), range(number)):
        name = f"robustag-{os.getuid()}-gpu{gpu}-{share}.lock"
        lock = os.open(place / name, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            _held.append(lock)  # an open file is a held lock: the kernel drops it with the process
            return f"cuda:{gpu}"
    return "cuda:0"


def _answers(gpu: str) -> bool:
    """Whether this process can compute there."""
    import torch

    try:
        torch.ones(1, device=gpu).sum().item()
    except RuntimeError as error:
        _log.warning("%s is not used: %s", gpu, str(error).splitlines()[0])
        return False
    return True
