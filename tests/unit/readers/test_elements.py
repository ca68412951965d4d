"""Elements in the places of their jet, beside a plain sort."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from robustag.readers.elements import first_elements, leading, place

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


def test_numbers_are_put_in_their_place_and_absent_ones_are_none():
    out = np.zeros((2, 5), np.float32)
    place(np.array([3, 4]), np.array([[1, -1], [0, 1]]), out[:, 1:3])
    np.testing.assert_array_equal(out, np.float32([[0, 4, np.nan, 0, 0], [0, 3, 4, 0, 0]]))


def test_elements_without_a_rank_stay_in_their_order():
    jet, numbers = np.array([1, 0, -1, 1, 1]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    found = leading(jet, [numbers, -numbers], None, 2, 3)
    np.testing.assert_array_equal(found[0].T, [[2, np.nan], [1, 4], [np.nan, np.nan]])
    np.testing.assert_array_equal(found[1], -found[0])
    ranked = leading(jet, [numbers], numbers, 2, 3)
    np.testing.assert_array_equal(ranked[0].T, [[2, np.nan], [5, 4], [np.nan, np.nan]])
