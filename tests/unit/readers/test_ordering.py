"""Elements in the places of their jet, beside a plain sort."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from robustag.readers.ordering import first_elements, taken

RANKS = st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 2.0, math.inf, math.nan])


@given(st.lists(st.tuples(st.integers(-1, 4), RANKS), max_size=60), st.integers(1, 4))
def test_it_is_a_stable_sort_of_every_jet(elements, places):
    jet = np.array([jet for jet, _ in elements], np.int64)
    rank = np.array([rank for _, rank in elements], np.float64)
    found = first_elements(jet, rank, 5, places)
    for number, row in enumerate(found.tolist()):
        own = [index for index, (of, _) in enumerate(elements) if of == number]
        own.sort(
            key=lambda index: (math.isnan(rank[index]), -rank[index] if rank[index] == rank[index] else 0)
        )
        assert row == (own + [-1] * places)[:places]


def test_numbers_are_taken_and_absent_ones_are_none():
    elements = np.array([[1, -1], [0, 1]])
    np.testing.assert_array_equal(taken(np.array([3, 4]), elements), np.float32([[4, np.nan], [3, 4]]))
    pairs = taken(np.array([[1.0, 2.0], [3.0, 4.0]]), elements)
    np.testing.assert_array_equal(pairs[0], np.float32([[3, 4], [np.nan, np.nan]]))
    assert pairs.dtype == np.float32
