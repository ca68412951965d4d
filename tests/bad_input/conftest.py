"""A limit of time for every test of bad input: what hangs has failed."""

import signal

import pytest

SECONDS = 300


@pytest.fixture(autouse=True)
def in_time():
    def end(number, frame):
        raise TimeoutError(f"not done after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
