"""First elements of every jet: against a slow loop."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from robustag.readers import elements
from robustag.readers.elements import put_leading

_RANKS = st.sampled_from([-np.inf, -1.0, 0.0, 0.0, 2.0, np.inf, np.nan])


def slowly(jet, columns, rank, jets, places):
    """The same by sorting one jet after another."""
    out = np.full((jets, len(columns), places), np.nan, np.float32)
    for row in range(jets):
        own = [element for element in range(len(jet)) if jet[element] == row]
        if rank is not None:
            absent = [element for element in own if np.isnan(rank[element])]
            own = sorted(set(own).difference(absent), key=lambda element: (-rank[element], element)) + absent
        for place, element in enumerate(own[:places]):
            out[row, :, place] = [column[element] for column in columns]
    return out


@given(
    st.lists(st.tuples(st.integers(-2, 4), _RANKS), max_size=30),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 7, 2_000_000]),
)
def test_elements_are_placed_as_a_slow_loop_does(drawn, places, ordered, sorted_by_jet, at_once):
    drawn = sorted(drawn, key=lambda pair: pair[0]) if sorted_by_jet else drawn
    jet = np.array([row for row, _ in drawn], np.int64)
    rank = np.array([value for _, value in drawn], np.float64)
    columns = [np.arange(len(jet), dtype=np.float64), np.arange(len(jet)) + 100]
    inputs = np.full((5, 3 + 2 * places), 7.0, np.float32)
    out = inputs[:, 2:-1].reshape(5, 2, places)
    before, elements._SORTED = elements._SORTED, at_once
    try:
        put_leading(jet, columns, rank if ordered else None, out)
    finally:
        elements._SORTED = before
    wanted = slowly(jet, columns, rank if ordered else None, 5, places)
    np.testing.assert_array_equal(inputs[:, 2:-1].reshape(5, 2, places), wanted)
    assert (inputs[:, [0, 1, -1]] == 7).all()
