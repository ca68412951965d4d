"""Functions compiled to machine code."""

from collections.abc import Callable

from numba import njit


def compiled(function: Callable) -> Callable:
    """Machine code of a function, kept for the next process where numba finds a folder that it may write to.

    It looks in NUMBA_CACHE_DIR, beside the function's file and in the user's cache folder. Without one, as in
    a read-only image, every process compiles anew. What is kept follows changes only in the module of
    the function that is called, not in those of functions that it calls: they belong in one module.
    """
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # numba has no other way to say that there is no such folder
        return njit(function)


@compiled
def _nothing() -> None:
    """What it takes to call it is what it takes to call anything first."""


def make_ready() -> None:
    """Do what numba does once a process, at the first call: a second, which forked processes share."""
    _nothing()
