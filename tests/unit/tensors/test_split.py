"""The split follows the event, whatever the order or the chunk."""

import numpy as np

from robustag.tensors.split import assign_split, event_key

FRACTIONS = [0.72, 0.08, 0.20]


def test_jets_of_one_event_stay_together(records):
    split = assign_split(event_key(records), FRACTIONS)
    assert (split[0::2] == split[1::2]).all()


def test_order_and_chunking_move_no_jet(records):
    split = assign_split(event_key(records), FRACTIONS)
    order = np.random.default_rng(1).permutation(len(records))
    np.testing.assert_array_equal(assign_split(event_key(records.select(order)), FRACTIONS), split[order])


def test_shares_follow_the_fractions():
    keys = np.random.default_rng(2).integers(0, 2**63, 100_000).astype(np.uint64)
    shares = np.bincount(assign_split(keys, FRACTIONS)) / len(keys)
    # Four binomial standard deviations.
    np.testing.assert_allclose(shares, FRACTIONS, atol=4 * np.sqrt(0.25 / len(keys)))


def test_neighbouring_events_get_unrelated_keys(records):
    keys = event_key(records)[::2]
    assert len(np.unique(keys)) == len(records) // 2
    bits = np.unpackbits((keys[1:] ^ keys[:-1]).view(np.uint8)).reshape(-1, 64).mean()
    assert 0.48 < bits < 0.52
