"""What marks entries as missing: the rules of a table, and nothing else."""

import logging

import numpy as np
import pytest

from robustag.errors import InputError
from robustag.features import FeatureTable


def table_of(*variables, count=None):
    """A table of a counter n and one block of variables, each given by its rule."""
    inner = [
        {"name": f"v{number}", "unit": "1", "missing": rule, "range": [None, None]}
        for number, rule in enumerate(variables)
    ]
    counter = {"name": "n", "unit": "1", "role": "count", "missing": {"at_or_below": -1, "stand_in": -1}}
    block = {"name": "cand", "variables": inner} | ({"count": count} if count else {})
    blocks = [{"name": "jet", "variables": [counter]}, block]
    return FeatureTable.from_document({"data_set": "toy", "blocks": blocks})


def marked(table, *rows):
    """Which entries of the columns after the counter are missing."""
    return np.isnan(table.missing_rules.mark(np.array(rows, dtype=float)))[:, 1:].tolist()


@pytest.mark.parametrize(
    ("rule", "missing"),
    [
        ({}, []),
        ({"at_or_below": 0.0}, [-3.0, -0.5, 0.0]),
        ({"at_or_below": "stand_in"}, [-3.0]),
        ({"equal": 0.0}, [0.0]),
        ({"equal": -0.5, "at_or_below": -2.0}, [-3.0, -0.5]),
    ],
)
def test_each_rule_marks_what_it_says(rule, missing):
    """A signed input keeps its negative half unless its rule says otherwise."""
    table = table_of({**rule, "stand_in": -2.0})
    values = [-3.0, -0.5, 0.0, 0.5, 3.0]
    found = marked(table, *([1.0, value] for value in [*values, np.nan, np.inf, -np.inf]))
    assert found == [[value in missing] for value in values] + [[True]] * 3


def test_places_beyond_the_number_of_elements_are_missing():
    table = table_of({"beyond_count": "n", "stand_in": 0.0}, count=3)
    rows = [[number, -1.0, 0.0, 2.0] for number in (3, 2, 1, 0, -1, np.nan, 7)]
    none, last, two, every = [False] * 3, [False, False, True], [False, True, True], [True] * 3
    assert marked(table, *rows) == [none, last, two, every, every, every, none]


def test_a_value_that_only_the_data_give_marks_once_it_is_known():
    table = table_of({"at_or_below": "stand_in", "stand_in": {"below_minimum": 0.5}})
    rules, values = table.missing_rules, np.array([[1.0, -7.0], [1.0, 2.0]])
    assert not np.isnan(rules.mark(values)).any()
    assert np.isnan(rules.known(np.array([-1.0, -4.0])).mark(values)).tolist() == [[False, True], [False] * 2]


def test_marking_twice_changes_nothing(table):
    rules = table.missing_rules
    once = rules.mark(np.random.default_rng(1).normal(size=(50, table.size)))
    np.testing.assert_array_equal(rules.mark(once), once)


@pytest.mark.parametrize(
    ("rule", "number"),
    [({}, 1e31), ({}, -1e31), ({"at_or_below": 0.0}, -1e31), ({"equal": 0.0}, 1e13), ({"wild": False}, 1e31)],
)
def test_wild_numbers_are_refused(rule, number):
    table = table_of({**rule, "stand_in": 0.0})
    with pytest.raises(InputError, match=r"mine\.root: input 'v0' holds -?1e\+\d\d in 1 jets.*wild: true"):
        table.missing_rules.read(np.array([[1.0, number], [1.0, 1.0]]), table.names, "mine.root")


@pytest.mark.parametrize(
    ("rule", "count"), [({"wild": True}, None), ({"beyond_count": "n"}, 2)], ids=["wild", "beyond the count"]
)
def test_wild_numbers_that_the_table_calls_missing_are_counted(rule, count, caplog):
    table = table_of({**rule, "stand_in": 0.0}, count=count)
    values = np.full((3, table.size), 1.0)
    values[1:, -1] = 1e31
    with caplog.at_level(logging.INFO, logger="robustag"):
        read = table.missing_rules.read(values, table.names, "mine.root")
    assert np.isnan(read[1:, -1]).all()
    assert "mine.root: 2 numbers beyond 1e+12 are missing entries" in caplog.text


def test_a_rule_that_names_nothing_is_refused():
    with pytest.raises(InputError, match="no input 'm'"):
        table_of({"beyond_count": "m", "stand_in": 0.0}, count=2)
    with pytest.raises(InputError, match="'v0' has no place to count"):
        table_of({"beyond_count": "n", "stand_in": 0.0})
