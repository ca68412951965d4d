"""Toy jets: three flavours whose logits overlap by a known amount."""

import numpy as np
import pytest

from robustag.evaluation.settings import Evaluation


@pytest.fixture
def settings():
    return Evaluation(
        bootstrap=100,
        seed=7,
        efficiencies=[0.7],
        mistags=[0.1, 0.01],
        bins={"pt": [20, 40, 100], "eta": [0.0, 1.0, 2.5]},
        inputs={},
    )


@pytest.fixture
def make_jets():
    """make_jets(n, seed): logits float32 [n, 3], label [n], event [n] (one jet an event)."""

    def make(n, seed=0):
        rng = np.random.default_rng(seed)
        label = rng.integers(0, 3, n)
        logits = rng.normal(size=(n, 3)).astype(np.float32)
        logits[np.arange(n), label] += 1.0
        return logits, label, rng.permutation(n).astype(np.int64) * 1_000_003

    return make
