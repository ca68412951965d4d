"""Failures that are no fault of the code, in plain words: bad input, damage, full disks, lack of memory."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustag.errors import DamageError, InputError

_MENDS = {
    errno.ENOSPC: "the disk is full: free space and run again; what is finished is kept",
    errno.EDQUOT: "the quota of the disk is used up: free space and run again; what is finished is kept",
    errno.EROFS: "the disk cannot be written to: make it writable, or run in a folder that is",
    errno.EACCES: "access is denied: give yourself the right to it, or run in a folder of your own",
    errno.EPERM: "access is denied: give yourself the right to it, or run in a folder of your own",
    errno.EIO: "the disk fails to read or write: run again, or copy the study to another disk",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n) or run fewer jobs side by side",
    errno.ENOMEM: "the memory is not enough: run fewer jobs side by side, or give this rule more, as in "
    "--set-resources train:mem_mb=8000",
}
# How libraries that are not written in Python mention the number of an error in their own exceptions.
_MENTIONED = re.compile(r"(?:os error|errno|error code) (\d+)", re.IGNORECASE)


def explain(error: BaseException) -> str | None:
    """One line on an error of the user or of the machine, with the way to mend it; None for any other.

    Examples
    --------
    >>> explain(OSError(28, "No space left on device", "metrics.parquet"))
    'metrics.parquet: the disk is full: free space and run again; what is finished is kept'
    >>> explain(ZeroDivisionError()) is None
    True
    """
    if isinstance(error, InputError):
        return str(error)
    number = _number(error)
    mend = None if number is None else _MENDS.get(number)
    where = getattr(error, "filename", None)
    return f"{where}: {mend}" if mend and where else mend


@contextmanager
def refusing_damage(path: str | Path, what: str, mend: str, *kinds: type[Exception]) -> Iterator[None]:
    """Refuse a file whose content is damaged or of another kind.

    Parameters
    ----------
    path : path
        The file that is read inside.
    what : str
        What is wrong with it, such as "is damaged or no table".
    mend : str
        What to do about it.
    kinds : exceptions
        What the library that reads it raises for such files, beside DamageError. Nothing as wide as
        ValueError: a fault of the code is no fault of the file.

    Raises
    ------
    InputError
        Instead of those, and if the file is missing. Other errors of the machine, such as a disk that cannot
        be read, stay what they are.
    """
    faults: tuple[type[Exception], ...] = (DamageError, OSError, *kinds)
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{path} is missing: run the rule that makes it first") from None
    except faults as error:
        if _number(error) in _MENDS:
            raise
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} {what} ({reason}): {mend}") from error


def _number(error: BaseException) -> int | None:
    """The system's number of an error."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return errno.ENOMEM
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    mentioned = _MENTIONED.search(str(error))
    return int(mentioned[1]) if mentioned else None
