"""A sign of life on the console while a job works; logs of jobs stay quiet."""

import sys
import time


class Progress:
    """Prints one line at most every `interval` seconds to standard error.

    Parameters
    ----------
    name : str
        What is being done, as the user would name it.
    interval : float
        Seconds between two lines.
    """

    def __init__(self, name: str, interval: float = 15.0) -> None:
        self._name = name
        self._interval = interval
        self._last = time.monotonic()

    def __call__(self, message: str) -> None:
        """Show `message`, unless the last line is younger than the interval."""
        now = time.monotonic()
        if now - self._last >= self._interval:
            self._last = now
            print(f"[{self._name}] {message}", file=sys.stderr, flush=True)
