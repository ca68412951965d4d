"""The split follows the event, whatever the order or the chunk."""

import numpy as np

from robustag.readers import event_key
from robustag.tensors.split import assign_split, mixed

FRACTIONS = [0.72, 0.08, 0.20]


def test_jets_of_one_event_stay_together(records):
    split = assign_split(records.event, FRACTIONS)
    assert (split[0::2] == split[1::2]).all()


def test_order_and_chunking_move_no_jet(records):
    split = assign_split(records.event, FRACTIONS)
    order = np.random.default_rng(1).permutation(len(records))
    np.testing.assert_array_equal(assign_split(records.select(order).event, FRACTIONS), split[order])


def test_shares_follow_the_fractions():
    keys = np.random.default_rng(2).integers(0, 2**63, 100_000).astype(np.uint64)
    shares = np.bincount(assign_split(keys, FRACTIONS)) / len(keys)
    # Four binomial standard deviations.
    np.testing.assert_allclose(shares, FRACTIONS, atol=4 * np.sqrt(0.25 / len(keys)))


def test_neighbouring_events_get_unrelated_keys(records):
    keys = records.event[::2]
    assert len(np.unique(keys)) == len(records) // 2
    bits = np.unpackbits((keys[1:] ^ keys[:-1]).view(np.uint8)).reshape(-1, 64).mean()
    assert 0.48 < bits < 0.52


def test_the_split_of_known_events_never_changes():
    largest = 2**64 - 1
    run = np.array([1, 1, 2**63], dtype=np.uint64)
    luminosity_block = np.array([1, 7, largest], dtype=np.uint64)
    event = np.array([0, 5, largest], dtype=np.uint64)
    key = event_key(run, luminosity_block, event)
    assert [hex(word) for word in key] == ["0x5775264a9a7e1b09", "0x47046f6b18fc4daf", "0x8741f57540336f76"]
    assert assign_split(key, FRACTIONS).tolist() == [1, 2, 0]
    assert mixed(key).tolist() == [1088419102139286740, -2019680685672638797, -9118538964319823731]
    assert hex(key[0]) == "0x5775264a9a7e1b09"  # hashing a key leaves it as it is
