"""Counter-based random numbers: every draw is a pure function of where it is used.

A draw is addressed by (chunk, purpose, event, item, component), so a detector variation which changes one
number leaves every other number alone, and neither batch size nor loop order matters. The hash is the
SplitMix64 finaliser (Steele, Lea & Flood, OOPSLA 2014), normals come from the Box-Muller transform.
"""

from enum import IntEnum

import numpy as np

from robustag.hashing import GOLDEN, finalise

_MASK = 0xFFFFFFFFFFFFFFFF


class Purpose(IntEnum):
    """What a random number is drawn for; a number here must never be reused for something else."""

    PYTHIA_SEED = 1
    BEAM_SPOT = 2
    TRACK_EFFICIENCY = 3
    TRACK_SMEARING = 4
    TOWER_ENERGY = 5
    TOWER_POSITION = 6
    CONVERSION = 7
    CONVERSION_SHARE = 8
    INTERACTION = 9
    SECONDARY_COUNT = 10
    SECONDARY_SHARE = 11
    SECONDARY_KICK = 12
    SECONDARY_CHARGE = 13
    TRACK_TAIL = 14
    FAKE_COUNT = 15
    FAKE_TRACK = 16
    JET_ENERGY = 17
    RECORD_SMEARING = 18
    RECORD_LOSS = 19
    RECORD_FAKE_COUNT = 20
    RECORD_FAKE = 21
    RECORD_JET_ENERGY = 22
    RECORD_VERTEX = 23
    PILE_UP_COUNT = 24
    PILE_UP_COLLISION = 25
    PILE_UP_POSITION = 26


class Streams:
    """All random numbers of one chunk, keyed by (seed, run, chunk)."""

    def __init__(self, seed: int, run: int, chunk: int) -> None:
        self._key = np.zeros(1, np.uint64)
        for word in (seed, run, chunk):
            self._key = self._fold(self._key, np.array([word & _MASK], np.uint64))

    @staticmethod
    def _fold(key: np.ndarray, word: np.ndarray) -> np.ndarray:
        """Absorb one counter (uint64, broadcast against the key) into the key."""
        return finalise(key + GOLDEN * (word + np.uint64(1)))

    def _bits(self, purpose: Purpose, *counters: np.ndarray | int) -> np.ndarray:
        key = self._fold(self._key, np.array([int(purpose)], np.uint64))
        for counter in counters:
            key = self._fold(key, np.atleast_1d(counter).astype(np.uint64))
        return key

    def integer(self, purpose: Purpose, bound: int) -> int:
        """One integer in [0, bound)."""
        return int(self._bits(purpose)[0] % np.uint64(bound))

    def uniform(self, purpose: Purpose, *counters: np.ndarray | int) -> np.ndarray:
        """Uniform numbers in the open interval (0, 1), float64, shape of the broadcast counters."""
        return ((self._bits(purpose, *counters) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def normal(self, purpose: Purpose, *counters: np.ndarray | int) -> np.ndarray:
        """Standard normal numbers, float64, shape of the broadcast counters."""
        bits = self._bits(purpose, *counters)
        radius = ((finalise(bits + GOLDEN) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        angle = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        return np.sqrt(-2.0 * np.log(radius)) * np.cos(2.0 * np.pi * angle)


def poisson(uniform: np.ndarray, mean: float) -> np.ndarray:
    """Poisson numbers by inversion, int64 [N]; they never fall when the mean grows."""
    count, term = np.zeros(len(uniform), np.int64), np.exp(-mean)
    below = np.full(len(uniform), term)
    step = 0
    # The last step is where the sum of the terms has reached one in double precision.
    while term > 0.0 and (uniform > below).any() and step < 10.0 * mean + 100.0:
        count += uniform > below
        step += 1
        term *= mean / step
        below = below + term
    return count
