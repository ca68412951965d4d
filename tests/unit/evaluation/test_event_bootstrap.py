import math

import numpy as np

from robustag.evaluation.bootstrap import event_weights

WORD = 2**64


def mix(word):
    word ^= word >> 30
    word = word * 0xBF58476D1CE4E5B9 % WORD
    word ^= word >> 27
    word = word * 0x94D049BB133111EB % WORD
    return word ^ (word >> 31)


def literal_weight(event, replicate, seed):
    """One weight by integer arithmetic: SplitMix64 keyed by (seed, event), inverting the Poisson law."""
    golden = 0x9E3779B97F4A7C15
    key = mix((event % WORD) ^ mix((seed + golden) % WORD))
    word = mix((key + (replicate // 2 + 1) * golden) % WORD)
    uniform = ((word >> 32) if replicate % 2 else (word % 2**32)) / 2**32
    k, below = 0, math.exp(-1)
    while uniform >= below:
        k += 1
        below += math.exp(-1) / math.factorial(k)
    return k


def test_weights_equal_the_literal_hash():
    event = np.array([0, 1, -5, 2**62, 17, -(2**63)], dtype=np.int64)
    expected = [[literal_weight(int(e), r, 42) for r in range(31)] for e in event]
    np.testing.assert_array_equal(event_weights(event, 31, 42), expected)


def test_weights_are_poisson_with_mean_one():
    weight = event_weights(np.arange(100_000), 20, 3)
    assert weight.dtype == np.uint8
    count = np.bincount(weight.ravel(), minlength=13)
    expected = np.array([math.exp(-1) / math.factorial(k) for k in range(13)]) * weight.size
    used = expected > 20
    chi2 = ((count - expected)[used] ** 2 / expected[used]).sum()
    assert chi2 < 30  # 8 to 9 degrees of freedom: probability above 30 is 4e-4


def test_neighbouring_events_replicates_and_seeds_are_uncorrelated():
    """10^6 pairs each: the standard deviation of a correlation is 0.001."""
    weight = event_weights(np.arange(50_000), 20, 0).astype(float)
    other = event_weights(np.arange(50_000), 20, 1).astype(float)
    pairs = {
        "events": (weight[1:], weight[:-1]),
        "replicates of one word": (weight[:, 0::2], weight[:, 1::2]),
        "replicates": (weight[:, 2:], weight[:, :-2]),
        "seeds": (weight, other),
    }
    for name, (a, b) in pairs.items():
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.006, name


def test_an_event_has_the_same_weights_in_any_company():
    event = np.array([9, 4, 9, 7, 4], dtype=np.int64)
    weight = event_weights(event, 50, 5)
    np.testing.assert_array_equal(weight[0], weight[2])
    np.testing.assert_array_equal(weight[1], weight[4])
    np.testing.assert_array_equal(weight[3], event_weights(np.array([7]), 50, 5)[0])
    assert not np.array_equal(weight[0], weight[1])


def test_more_replicates_only_add_columns():
    event = np.arange(1000)
    few, many = event_weights(event, 7, 5), event_weights(event, 100, 5)
    np.testing.assert_array_equal(few, many[:, :7])
