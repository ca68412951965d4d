"""SplitMix64 against its published sequence."""

import numpy as np

from robustag.hashing import GOLDEN, finalise, splitmix64


def test_outputs_are_those_of_the_reference_generator_with_seed_zero():
    states = np.arange(3, dtype=np.uint64) * GOLDEN
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert splitmix64(states).tolist() == expected


def test_integers_of_other_types_count_as_unsigned():
    assert splitmix64(np.array([-1])) == splitmix64(np.array([2**64 - 1], dtype=np.uint64))


def test_hashing_leaves_its_argument_alone_and_finalising_does_not():
    word = np.array([3], dtype=np.uint64)
    splitmix64(word)
    assert word == 3
    assert finalise(word) is word
    assert word != 3
