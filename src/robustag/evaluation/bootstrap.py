"""Poisson bootstrap over events: weights that depend on nothing but (seed, event, replicate).

Resampling events instead of jets keeps the correlation between jets of one event in the error. The weight
of an event in a replicate is Poisson(1) distributed and comes from a counter-based hash, so the same event
has the same weight whatever the model, the training seed, the perturbation or the simulated variation, and
differences between any two numbers are paired replicate by replicate.
"""

import math

import numpy as np

from robustag.hashing import GOLDEN, finalise, splitmix64

_CHUNK_WORDS = 65_536

_CUMULATIVE = np.cumsum([math.exp(-1.0) / math.factorial(k) for k in range(13)])
# A uniform 32-bit word u stands for the smallest k with u / 2^32 < P(X <= k); beyond k = 12 the
# probability is below one word.
_POISSON_STEPS = np.minimum(np.rint(_CUMULATIVE * 2.0**32), 2.0**32 - 1).astype(np.uint32)


def replicas(event: np.ndarray, weight: np.ndarray, replicates: int, seed: int) -> np.ndarray:
    """Weights of jets, [N, 1 + replicates]: their own, then their own times those of every replicate.

    Parameters
    ----------
    weight : float [N]
        Of the jets' events.
    event, replicates, seed
        As for `event_weights`.

    Returns
    -------
    ndarray
        uint8 where all weights are alike, of which only ratios matter: one, then Poisson(1); else float32.
    """
    distinct, position = np.unique(event, return_inverse=True)
    together = np.ones((len(distinct), 1 + replicates), dtype=np.uint8)
    _weigh_events(distinct, seed, out=together[:, 1:])
    together = together[position]
    alike = len(weight) == 0 or (weight[0] > 0 and (weight == weight[0]).all())
    return together if alike else together * weight.astype(np.float32)[:, None]


def own(weights: np.ndarray) -> np.ndarray | None:
    """The jets' own weights of `replicas`, float64 [N]; None if they are alike."""
    return None if np.issubdtype(weights.dtype, np.integer) else weights[:, 0].astype(np.float64)


def unless_one(weight: np.ndarray) -> np.ndarray | None:
    """Weights as float64 [N]; None where jets count one each."""
    return None if (weight == 1).all() else weight.astype(np.float64)


def chosen(weight: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    """Weights of some jets, None staying None."""
    return None if weight is None else weight[rows]


def event_weights(event: np.ndarray, replicates: int, seed: int) -> np.ndarray:
    """Poisson(1) weights, uint8 [N, replicates], equal for jets of one event.

    Parameters
    ----------
    event : int64 [N]
        Key of the event each jet belongs to.
    replicates : int
        Number of replicates; asking for more only adds columns.
    seed : int
        Root seed of the study.
    """
    return replicas(event, np.ones(len(event)), replicates, seed)[:, 1:]


def _weigh_events(event: np.ndarray, seed: int, out: np.ndarray) -> None:
    """Fill in uint8 [E, replicates] for distinct events."""
    replicates = out.shape[1]
    root = splitmix64(np.array([seed % 2**64], dtype=np.uint64))
    key = finalise(event.astype(np.int64).view(np.uint64) ^ root)
    # Each 64-bit word serves two replicates; "<u8" fixes which half is which on every machine.
    counter = np.arange(1, (replicates + 1) // 2 + 1, dtype=np.uint64) * GOLDEN
    rows = max(1, _CHUNK_WORDS // max(1, len(counter)))
    for start in range(0, len(event), rows):
        words = finalise(key[start : start + rows, None] + counter).astype("<u8", copy=False)
        halves = words.view("<u4")[:, :replicates]
        block = (halves >= _POISSON_STEPS[0]).view(np.uint8)
        for step in _POISSON_STEPS[1:]:
            block += halves >= step
        out[start : start + rows] = block
