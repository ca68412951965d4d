"""SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over numpy arrays: hashes that stand in for random numbers.

What depends on a hash of an event alone is the same in every chunk, in every order and on every machine.
"""

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""The odd constant by which the state of SplitMix64 advances: 2^64 over the golden ratio."""
ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
"""Shift and odd factor of each round of its finaliser."""
LAST_SHIFT = 31


def splitmix64(state: np.ndarray) -> np.ndarray:
    """One output of SplitMix64 for each state, uint64 [...]; integers of other types are read as uint64.

    Examples
    --------
    >>> [hex(word) for word in splitmix64(np.array([0, 1]))]
    ['0xe220a8397b1dcdaf', '0x910a2dec89025cc1']
    """
    return finalise(state.astype(np.uint64) + GOLDEN)


def finalise(word: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64, in place on uint64 [...]: a bijection with full avalanche."""
    for shift, factor in ROUNDS:
        word ^= word >> np.uint64(shift)
        word *= np.uint64(factor)
    word ^= word >> np.uint64(LAST_SHIFT)
    return word
